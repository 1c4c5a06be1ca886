using System.Diagnostics;
using System.Globalization;
using QmpBackup.Nbd;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup.Benchmarks;

/// <summary>Common parts of the repository benchmarks: a source served by qemu-nbd, and pulls of it without a VM.</summary>
internal static class Lab
{
    /// <summary>The point that pulls make.</summary>
    public static readonly CheckpointId Point = CheckpointId.Create(DateTimeOffset.UnixEpoch, "000000");

    /// <summary>A new folder for all files of a benchmark: below <c>dir=</c>, else below TMPDIR.</summary>
    internal static string Folder(Arguments arguments, string name) =>
        Directory.CreateDirectory(Path.Combine(arguments.Text("dir", Path.GetTempPath()), name + "-" + Path.GetRandomFileName())).FullName;

    /// <summary>A disk of which this share is random data, in runs of 1 MiB, and the rest a hole.</summary>
    internal static async Task<string> SourceAsync(string directory, int mebibytes, int percent)
    {
        var path = Path.Combine(directory, "source.raw");
        var block = new byte[1 << 20];
        var random = new Random(1);
        await using var file = File.Create(path);
        file.SetLength((long)mebibytes << 20);
        for (var i = 0; i < mebibytes; i++)
        {
            if (i * 37 % 100 >= percent)
                continue;
            random.NextBytes(block);
            file.Seek((long)i << 20, SeekOrigin.Begin);
            await file.WriteAsync(block);
        }

        return path;
    }

    internal static NbdServerProcess Serve(string path, string socket, string format = "raw") =>
        NbdServerProcess.Start("qemu-nbd", socket, "-r", "-t", "-e", "16", "--cache=writeback", "-f", format, "-k", socket, path);

    /// <summary>Pulls as <c>run</c> does, to the last fsync.</summary>
    internal static async Task<(double Seconds, string Digest)> PullAsync(
        string folder, string socket, long size, int connections, BackupLevel level = BackupLevel.Full, bool fresh = true)
    {
        if (fresh && Directory.Exists(folder))
            Directory.Delete(folder, true);
        Directory.CreateDirectory(folder);
        var watch = Stopwatch.StartNew();
        var options = new PullOptions { Connections = connections };
        var uri = new NbdUri(NbdEndpoint.Unix(socket));
        var disk = new SessionDisk { Name = "a", Node = "a", Size = size, Level = level, Reason = "", Export = "", Uri = uri };
        var pull = new DiskPull(disk, DiskFiles.In(folder, Point), [], options, null, new ProgressMeter(size, null, options.TimeProvider));
        var pulled = await DiskPuller.RunAsync(pull, 24, CancellationToken.None);
        return (watch.Elapsed.TotalSeconds, pulled.Digest);
    }

    internal static async Task<double> TimeAsync(string program, params string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? watch.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"{program} failed with {process.ExitCode}");
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    internal static void Compare(string title, string ours, List<double> own, string reference, List<double> other)
    {
        static string All(List<double> values) => string.Join(' ', values.Select(v => v.ToString("F3", CultureInfo.InvariantCulture)));
        Console.WriteLine(title);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {ours,-16} {Median(own):F3} s  all: {All(own)}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {reference,-16} {Median(other):F3} s  all: {All(other)}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  ratio            {Median(own) / Median(other):F3}, of the best {own.Min() / other.Min():F3}"));
    }

    internal static void PrintMemory()
    {
        var peak = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal));
        Console.WriteLine("  peak memory      " + peak["VmHWM:".Length..].Trim());
    }
}

using System.Diagnostics;
using System.Globalization;
using QmpBackup.Nbd;

namespace QmpBackup.Benchmarks;

/// <summary>
/// Reads a whole export with this client and with <c>nbdcopy URI null:</c>, in turns in one run, so that both meet the same machine.
/// </summary>
internal static class NbdReadBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var mebibytes = arguments.Number("mib", 1024);
        var rounds = arguments.Number("rounds", 7);
        var kind = arguments.Text("server", "qemu-nbd");
        var connections = arguments.Number("connections", 1);
        var request = arguments.Number("request-kib", 256) * 1024;
        var inFlight = arguments.Number("in-flight", 16);

        var directory = Directory.CreateTempSubdirectory("nbd-read-").FullName;
        try
        {
            var socket = Path.Combine(directory, "s");
            using var server = kind switch
            {
                "qemu-nbd" => NbdServerProcess.Start(
                    "qemu-nbd", socket, "-r", "-t", "-e", "16", "--cache=writeback", "-f", "raw", "-k", socket,
                        MakeImage(arguments.Text("dir", directory), mebibytes)),
                "nbdkit" => NbdServerProcess.Start("nbdkit", socket, "-f", "-U", socket, "-t", "8", "pattern", $"size={mebibytes}M"),
                _ => throw new ArgumentException($"server={kind} is not known"),
            };
            var uri = NbdUri.Parse("nbd+unix:///?socket=" + socket);
            await ReadAllAsync(uri, connections, request, inFlight); // Warm the code and the page cache.
            await NbdcopyAsync(uri);

            var ours = new List<Measurement>();
            var reference = new List<double>();
            for (var round = 0; round < rounds; round++)
            {
                ours.Add(await ReadAllAsync(uri, connections, request, inFlight));
                reference.Add(await NbdcopyAsync(uri));
            }

            var (own, other) = (Median(ours.Select(m => m.Seconds)), Median(reference));
            var flight = $"{connections} connection(s), {inFlight} requests of {request / 1024} KiB in flight";
            Print($"{kind}, {mebibytes} MiB, {rounds} rounds, {flight}");
            var (processor, all) = (Median(ours.Select(m => m.Processor)), All(ours.Select(m => m.Seconds)));
            Print($"  this client  {own:F3} s  {mebibytes / own:F0} MiB/s  cpu {processor:F3} s  all: {all}");
            Print($"  nbdcopy      {other:F3} s  {mebibytes / other:F0} MiB/s  all: {All(reference)}");
            Print($"  ratio        {own / other:F3}");
            Print($"  allocated    {Median(ours.Select(m => m.BytesPerRequest)):F2} bytes a request");
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<Measurement> ReadAllAsync(NbdUri uri, int connections, int request, int inFlight)
    {
        var watch = Stopwatch.StartNew();
        using var self = Process.GetCurrentProcess();
        var processor = self.TotalProcessorTime;
        await using var client = await NbdClient.ConnectAsync(uri, new NbdClientOptions { Connections = connections });
        var size = client.Export.Size;
        var next = 0L;
        var buffers = Enumerable.Range(0, inFlight).Select(_ => GC.AllocateUninitializedArray<byte>(request)).ToArray();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Task.WhenAll(buffers.Select(async buffer =>
        {
            while (true)
            {
                var at = Interlocked.Add(ref next, request) - request;
                if (at >= size)
                    return;
                await client.ReadAsync(buffer.AsMemory(0, (int)Math.Min(request, size - at)), at);
            }
        }));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        watch.Stop();
        self.Refresh();
        return new Measurement(
            watch.Elapsed.TotalSeconds, (self.TotalProcessorTime - processor).TotalSeconds,
                (double)allocated / ((size + request - 1) / request));
    }

    private static async Task<double> NbdcopyAsync(NbdUri uri)
    {
        var watch = Stopwatch.StartNew();
        using var process = Process.Start("nbdcopy", [uri.ToString(), "null:"]);
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? watch.Elapsed.TotalSeconds
            : throw new InvalidOperationException($"nbdcopy failed with {process.ExitCode}");
    }

    private static string MakeImage(string directory, int mebibytes)
    {
        var path = Path.Combine(directory, "nbd-read.raw");
        if (File.Exists(path) && new FileInfo(path).Length == (long)mebibytes << 20)
            return path;
        var block = new byte[1 << 20];
        var random = new Random(1);
        using var file = File.Create(path);
        for (var i = 0; i < mebibytes; i++)
        {
            random.NextBytes(block);
            file.Write(block);
        }

        return path;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string All(IEnumerable<double> values) =>
        string.Join(' ', values.Select(v => v.ToString("F3", CultureInfo.InvariantCulture)));

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Measurement(double Seconds, double Processor, double BytesPerRequest);
}

using System.Diagnostics;

namespace QmpBackup.Benchmarks;

/// <summary>A full pull of an enormous, sparse disk with many small extents. It measures peak memory.</summary>
internal static class SparseBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var tebibytes = arguments.Number("tib", 16);
        var extents = arguments.Number("extents", 4096);
        var size = (long)tebibytes << 40;
        var directory = Lab.Folder(arguments, "sparse");
        try
        {
            var socket = Path.Combine(directory, "s");
            var source = Path.Combine(directory, "source.qcow2");
            await Lab.TimeAsync("qemu-img", "create", "-q", "-f", "qcow2", source, $"{tebibytes}T");
            await FillAsync(source, size, extents);
            using var server = Lab.Serve(source, socket, "qcow2");
            var (seconds, _) = await Lab.PullAsync(Path.Combine(directory, "point"), socket, size, 4);
            var image = new FileInfo(Path.Combine(directory, "point", $"{Lab.Point}.qcow2")).Length;
            var hashes = new FileInfo(Path.Combine(directory, "point", $"{Lab.Point}.hashes")).Length;
            Console.WriteLine(FormattableString.Invariant(
                $"pull of {tebibytes} TiB, {extents} extents: {seconds:F1} s, image {image >> 20} MiB, hashes {hashes >> 10} KiB"));
            Lab.PrintMemory();
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task FillAsync(string path, long size, int extents)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "qemu-io", ["-f", "qcow2", "-t", "unsafe", path])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var reading = process.StandardOutput.ReadToEndAsync();
        for (var i = 0L; i < extents; i++)
        {
            await process.StandardInput.WriteLineAsync(
                FormattableString.Invariant($"write -P {1 + (i % 255)} {size / extents / 4096 * 4096 * i} 4k"));
        }

        process.StandardInput.Close();
        await reading;
        await process.WaitForExitAsync();
    }
}

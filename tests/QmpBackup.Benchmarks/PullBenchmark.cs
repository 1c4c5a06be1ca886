using System.Diagnostics;

namespace QmpBackup.Benchmarks;

/// <summary>
/// A full pull into qcow2, hashes and fsync included, against <c>nbdcopy --flush</c> of the same export into the same kind of target, a
/// qcow2 image behind qemu-nbd, in turns in one run.
/// </summary>
internal static class PullBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var mebibytes = arguments.Number("mib", 2048);
        var percent = arguments.Number("percent", 70);
        var rounds = arguments.Number("rounds", 5);
        var connections = arguments.Number("connections", 4);
        var size = (long)mebibytes << 20;
        var directory = Lab.Folder(arguments, "pull");
        try
        {
            var socket = Path.Combine(directory, "s");
            using var server = Lab.Serve(await Lab.SourceAsync(directory, mebibytes, percent), socket);
            var (ours, reference) = (new List<double>(), new List<double>());
            for (var round = -1; round < rounds; round++)
            {
                var own = (await Lab.PullAsync(Path.Combine(directory, "point"), socket, size, connections)).Seconds;
                var other = await NbdcopyAsync(directory, socket, mebibytes);
                if (round < 0)
                    continue; // Warms the code and the page cache.
                ours.Add(own);
                reference.Add(other);
            }

            Lab.Compare($"full pull, {mebibytes} MiB, {percent} % data, {rounds} rounds, {connections} connections", "qbackup", ours,
                "nbdcopy --flush", reference);
            Lab.PrintMemory();
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    internal static async Task<double> NbdcopyAsync(string directory, string source, int mebibytes, string export = "")
    {
        var (image, socket) = (Path.Combine(directory, "copy.qcow2"), Path.Combine(directory, "t"));
        File.Delete(image);
        File.Delete(socket);
        var watch = Stopwatch.StartNew();
        await Lab.TimeAsync("qemu-img", "create", "-q", "-f", "qcow2", image, $"{mebibytes}M");
        using (var target = NbdServerProcess.Start(
            "qemu-nbd", socket, "-t", "-e", "16", "--cache=writeback", "--discard=unmap", "-f", "qcow2", "-k", socket, image))
        {
            await Lab.TimeAsync(
                "nbdcopy", "--flush", "--destination-is-zero", $"nbd+unix:///{export}?socket={source}", "nbd+unix:///?socket=" + socket);
        }

        return watch.Elapsed.TotalSeconds;
    }
}

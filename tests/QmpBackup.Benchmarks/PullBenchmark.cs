using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using QmpBackup.Hashes;

namespace QmpBackup.Benchmarks;

/// <summary>
/// A full pull of a disk that a real QEMU exports, into qcow2, hashes and fsync included, against the programs that do the same: <c>qemu-img
/// convert -W</c> of the same export and <c>sync</c>, QEMU's own push backup into a file and <c>sync</c>, and <c>nbdcopy --flush</c> into
/// a qcow2 image behind qemu-nbd. In turns in one run. Also: how much of the host's page cache is taken.
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
        var peers = arguments.Text("peers", "convert,push,nbdcopy").Split(',');
        var size = (long)mebibytes << 20;
        var directory = Lab.Folder(arguments, "pull");
        try
        {
            var (socket, target) = (Path.Combine(directory, "s"), Path.Combine(directory, "copy.qcow2"));
            var source = await Lab.SourceAsync(directory, mebibytes, percent);
            await Lab.TimeAsync("sync", source);
            await using var vm = await BenchVm.StartAsync(directory, source, "raw");
            await vm.ExportAsync(socket);
            var title = $"full pull of {mebibytes} MiB, {percent} % data";
            var duels = new Dictionary<string, Duel>
            {
                ["convert"] = new(title, "qemu-img convert -W, sync"),
                ["push"] = new($"{title}, again", "blockdev-backup, sync"),
                ["nbdcopy"] = new($"{title}, once more", "nbdcopy --flush"),
            };
            var cached = new List<double>();
            for (var round = -1; round < rounds; round++)
            {
                if (Directory.Exists(Path.Combine(directory, "point")))
                    Directory.Delete(Path.Combine(directory, "point"), recursive: true);
                var before = Cached();
                var own = await Cost.OfAsync(() => Lab.PullAsync(Path.Combine(directory, "point"), socket, size, connections));
                var after = Cached();
                foreach (var peer in peers)
                {
                    File.Delete(target);
                    var other = await Cost.OfAsync(() => peer switch
                    {
                        "push" => vm.PushAsync(target, mebibytes),
                        "nbdcopy" => NbdcopyAsync(directory, socket, mebibytes),
                        _ => ConvertAsync(socket, target),
                    });
                    if (round >= 0)
                        duels[peer].Add(own, other);
                }

                if (round >= 0)
                    cached.Add(after - before);
            }

            foreach (var peer in peers)
                duels[peer].Report(arguments, isWallOnly: peer == "push");
            var hashing = Hashing(size / 100 * percent).ToString("F2", CultureInfo.InvariantCulture);
            Console.WriteLine($"  of it SHA-256    {hashing} CPU s");
            Console.WriteLine(FormattableString.Invariant($"  page cache       {Lab.Median(cached):F0} MiB more"));
            ResultTable.Put(arguments, $"{title}: SHA-256 alone, CPU", $"{hashing} s");
            ResultTable.Put(arguments, $"{title}: page cache", FormattableString.Invariant($"{Lab.Median(cached):F0} MiB more than before"));
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

    private static async Task ConvertAsync(string socket, string target)
    {
        await Lab.TimeAsync("qemu-img", "convert", "-W", "-f", "raw", "-O", "qcow2", "nbd+unix:///?socket=" + socket, target);
        await Lab.TimeAsync("sync", target);
    }

    // The page cache of the host, without what is only in memory.
    private static double Cached()
    {
        long Of(string name) => long.Parse(
            File.ReadLines("/proc/meminfo").First(l => l.StartsWith(name + ":", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
        return (Of("Cached") - Of("Shmem")) / 1024.0;
    }

    private static double Hashing(long bytes)
    {
        var block = new byte[HashBlock.Size];
        var hash = new byte[SHA256.HashSizeInBytes];
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 4096; i++)
            SHA256.HashData(block, hash);
        return watch.Elapsed.TotalSeconds * bytes / block.Length / 4096;
    }
}

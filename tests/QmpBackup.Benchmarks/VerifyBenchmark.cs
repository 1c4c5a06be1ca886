using QmpBackup.Hashes;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup.Benchmarks;

/// <summary>
/// A verification, every block compared with its hash, against <c>nbdcopy URI null:</c> of the same image behind the same kind of qemu-nbd,
/// in turns in one run.
/// </summary>
internal static class VerifyBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var mebibytes = arguments.Number("mib", 2048);
        var percent = arguments.Number("percent", 70);
        var rounds = arguments.Number("rounds", 5);
        var size = (long)mebibytes << 20;
        var directory = Lab.Folder(arguments, "verify");
        try
        {
            var digest = "";
            var (socket, point) = (Path.Combine(directory, "s"), Path.Combine(directory, "point"));
            using (Lab.Serve(await Lab.SourceAsync(directory, mebibytes, percent), socket))
                digest = (await Lab.PullAsync(point, socket, size, 4)).Digest;
            File.Delete(Path.Combine(directory, "source.raw"));
            File.Delete(socket);
            var image = Path.Combine(point, $"{Lab.Point}.qcow2");
            var duel = new Duel($"verify, {mebibytes} MiB, {percent} % data", "nbdcopy null:");
            for (var round = -1; round < rounds; round++)
            {
                var own = await Cost.OfAsync(() => VerifyAsync(image, digest, size));
                var other = await Cost.OfAsync(async () =>
                {
                    using (Lab.Serve(image, socket, "qcow2"))
                        await Lab.TimeAsync("nbdcopy", "nbd+unix:///?socket=" + socket, "null:");
                });
                File.Delete(socket);
                if (round >= 0)
                    duel.Add(own, other);
            }

            duel.Report(arguments);
            Lab.PrintMemory();
            return 0;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task VerifyAsync(string image, string digest, long size)
    {
        var disk = new StoredDisk(new QemuTools(), image, [new HashSource(Path.ChangeExtension(image, ".hashes"), digest)]);
        var report = await DiskChecker.CheckAsync(disk, new ProgressMeter(size, null, TimeProvider.System), CancellationToken.None);
        if ((report.Problem ?? report.Failure) is { } problem)
            throw new InvalidOperationException(problem);
    }
}

using QmpBackup.Hashes;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup.Benchmarks;

/// <summary>
/// A restore, every block compared with its hash, against <c>qemu-img convert</c> of the same image into the same format, in turns in one
/// run. Both end with the target on stable storage: that is what <c>-t writeback</c> means there, whose default is <c>unsafe</c>.
/// </summary>
internal static class RestoreBenchmark
{
    internal static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var mebibytes = arguments.Number("mib", 2048);
        var percent = arguments.Number("percent", 70);
        var rounds = arguments.Number("rounds", 5);
        var format = arguments.Text("format", "raw");
        var size = (long)mebibytes << 20;
        var directory = Lab.Folder(arguments, "restore");
        try
        {
            var digest = "";
            var (socket, point) = (Path.Combine(directory, "s"), Path.Combine(directory, "point"));
            using (Lab.Serve(await Lab.SourceAsync(directory, mebibytes, percent), socket))
                digest = (await Lab.PullAsync(point, socket, size, 4)).Digest;
            File.Delete(Path.Combine(directory, "source.raw"));
            var (image, target) = (Path.Combine(point, $"{Lab.Point}.qcow2"), Path.Combine(directory, "target"));
            var duel = new Duel($"restore to {format}, {mebibytes} MiB, {percent} % data", "qemu-img convert, flush");
            for (var round = -1; round < rounds; round++)
            {
                File.Delete(target);
                var own = await Cost.OfAsync(
                    () => RestoreAsync(image, digest, target, size, format == "raw" ? ImageFormat.Raw : ImageFormat.Qcow2));
                File.Delete(target);
                var other = await Cost.OfAsync(
                    () => Lab.TimeAsync("qemu-img", "convert", "-t", "writeback", "-f", "qcow2", "-O", format, image, target));
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

    private static async Task RestoreAsync(string image, string digest, string target, long size, ImageFormat format)
    {
        using var file = File.OpenHandle(target, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        var disk = new StoredDisk(new QemuTools(), image, [new HashSource(Path.ChangeExtension(image, ".hashes"), digest)]);
        var report = await FileRestore.RunAsync(
            disk, file, format, new ProgressMeter(size, null, TimeProvider.System), TimeProvider.System, CancellationToken.None);
        if (report.Problem is { } problem)
            throw new InvalidOperationException(problem);
    }
}

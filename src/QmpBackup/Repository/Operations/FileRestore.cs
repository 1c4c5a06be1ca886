using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// Restores a disk into a new file: <c>qemu-img convert</c> writes it, and what is then in the file is compared with the hashes, most of it while it is being written,
/// when it is in the page cache. So it is the result that is checked, and not only what it was made of.
/// </summary>
internal sealed class FileRestore
{
    private readonly SafeFileHandle _file;
    private readonly ImageFormat _format;
    private readonly IReadOnlyList<HashSource> _hashFiles;
    private readonly ProgressMeter _meter;
    private readonly DamageReport _report = new();

    private FileRestore(SafeFileHandle file, ImageFormat format, IReadOnlyList<HashSource> hashFiles, ProgressMeter meter) =>
        (_file, _format, _hashFiles, _meter) = (file, format, hashFiles, meter);

    /// <summary>Restores a disk.</summary>
    /// <param name="tools">The programs.</param>
    /// <param name="image">The image.</param>
    /// <param name="hashFiles">The files of hashes, the point's own first.</param>
    /// <param name="file">The new file, still empty, open for reading and writing: its content is on stable storage when this returns.</param>
    /// <param name="format">Its format.</param>
    /// <param name="meter">Is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What of the file is not what it should be.</returns>
    /// <exception cref="BackupException">It could not be written, or the image could not be read.</exception>
    public static async Task<DamageReport> RunAsync(
        QemuTools tools, string image, IReadOnlyList<HashSource> hashFiles, SafeFileHandle file, ImageFormat format, ProgressMeter meter, TimeProvider time, CancellationToken cancellationToken)
    {
        // The programs open this very file, whatever has become of its name.
        var path = OpenFolder.PathOf(file);
        var restore = new FileRestore(file, format, hashFiles, meter);
        using var follower = new TargetFollower(file, format, hashFiles, meter, time);
        var writing = QemuImage.ConvertAsync(tools, image, path, format == ImageFormat.Raw ? "raw" : "qcow2", time, cancellationToken);
        try
        {
            await Task.Run(() => follower.FollowAsync(writing), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            // Whatever happens, nobody writes to the file any more when this returns.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing.ConfigureAwait(false);
        var flushing = Task.Run(() => SafeFile.Flush(file, path), CancellationToken.None);
        try
        {
            await Task.Run(() => restore.CheckAsync(tools, follower, cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            await flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await flushing.ConfigureAwait(false);
        return restore._report;
    }

    private async Task CheckAsync(QemuTools tools, TargetFollower follower, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(_hashFiles);
        var blocks = HashBlock.Count(hashes.DiskSize);
        var runs = _format == ImageFormat.Raw ? DataRuns.OfRawAsync(_file, hashes.DiskSize) : DataRuns.OfImageAsync(tools, OpenFolder.PathOf(_file), cancellationToken);
        var block = 0L;
        await foreach (var run in runs.ConfigureAwait(false))
        {
            CheckHole(hashes, block, run.First);
            for (block = run.First; block < run.End;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var expected = hashes.At(block);
                for (var end = Math.Min(run.End, expected.End); block < end; block++)
                    CheckBlock(hashes.DiskSize, expected, block, run.Shift, follower);
            }
        }

        CheckHole(hashes, block, blocks);
    }

    private void CheckHole(HashLayers hashes, long block, long end)
    {
        while (block < end)
        {
            var expected = hashes.At(block);
            var until = Math.Min(end, expected.End);
            if (expected.Kind == HashKind.Data)
                _report.Add(block, until - block, expected.Layer, "data is missing");
            block = until;
        }
    }

    private void CheckBlock(long size, HashRun expected, long block, long shift, TargetFollower follower)
    {
        if (expected.Kind == HashKind.Data && follower.HasSeen(block, shift))
            return;
        var bytes = follower.Buffer.AsSpan(0, (int)Math.Min(HashBlock.Size, size - (block * HashBlock.Size)));
        var read = RandomAccess.Read(_file, bytes, (block + shift) * HashBlock.Size);
        // An image may end within its last cluster.
        bytes[read..].Clear();
        if (!(expected.Kind == HashKind.Data ? BlockHash.Of(bytes) == expected.Hashes![block] : HashBlock.IsZero(bytes)))
            _report.Add(block, 1, expected.Layer, "the content is not what was written");
        if (expected.Kind == HashKind.Data && block >= follower.Position)
            _meter.Add(bytes.Length, bytes.Length);
    }
}

using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// Restores a disk into a new file. What plain images hold is compared with the hashes and written here. Of others <c>qemu-img convert</c>
/// makes the file, and what is then in it is compared with the hashes, most of it while it is being written and is in the page cache.
/// </summary>
internal static class FileRestore
{
    private const int Window = 4;

    /// <summary>Restores a disk.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="file">
    /// The new file, still empty, open for reading and writing. Its content is on stable storage when this returns.
    /// </param>
    /// <param name="format">Its format.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>What of the file is not what it should be.</returns>
    /// <exception cref="BackupException">The file cannot be written, or the image not be read.</exception>
    public static async Task<DamageReport> RunAsync(
        StoredDisk disk, SafeFileHandle file, ImageFormat format, ProgressMeter meter, TimeProvider time,
            CancellationToken cancellationToken)
    {
        if (await TryCopyAsync(disk, file, format, meter, cancellationToken).ConfigureAwait(false) is { } report)
            return report;
        return await ConvertAsync(disk, file, format, meter, time, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<DamageReport?> TryCopyAsync(
        StoredDisk disk, SafeFileHandle file, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        const string name = "the target";
        var size = HashFileReader.SizeOf(disk.Hashes[0]);
        if (size > ImageWriter.MaxSize)
            return null;
        IBlockTarget target;
        if (format == ImageFormat.Raw)
        {
            target = new RawWriter(file, name, size);
        }
        else
        {
            ImageWriter.Create(file, size, null);
            target = ImageWriter.TryContinue(file, name, size, null, 0)
                ?? throw new InvalidDataException("somebody else has written to it");
        }

        var report = await DiskChecker.TryCopyAsync(disk, target, meter, cancellationToken).ConfigureAwait(false);
        if (report is null)
            RandomAccess.SetLength(file, 0);
        else if (!report.IsSpoilt)
            await target.CloseAsync(cancellationToken).ConfigureAwait(false);
        return report;
    }

    private static async Task<DamageReport> ConvertAsync(
        StoredDisk disk, SafeFileHandle file, ImageFormat format, ProgressMeter meter, TimeProvider time,
            CancellationToken cancellationToken)
    {
        // The programs open this very file, even if it was renamed.
        var path = OpenFolder.PathOf(file);
        using var follower = new TargetFollower(file, format, disk.Hashes, meter, time);
        var writing = QemuImage.ConvertAsync(
            disk.Tools, disk.Image, path, format == ImageFormat.Raw ? "raw" : "qcow2", time, cancellationToken);
        try
        {
            await Task.Run(() => follower.FollowAsync(writing), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            // The file must not be written to any more when this returns.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await writing.ConfigureAwait(false);
        var flushing = Task.Run(() => SafeFile.Flush(file, path), CancellationToken.None);
        DamageReport report;
        try
        {
            report = await Task.Run(
                () => CheckAsync(disk, file, format, follower, meter, cancellationToken), CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            await flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await flushing.ConfigureAwait(false);
        return report;
    }

    private static async Task<DamageReport> CheckAsync(
        StoredDisk disk, SafeFileHandle file, ImageFormat format, TargetFollower follower, ProgressMeter meter,
            CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(disk.Hashes);
        var source = new FileSource(disk.Tools, file, format, hashes.DiskSize, follower);
        var check = new HashCheck(hashes, HashScope.Unmarked, meter);
        await new BlockTransfer(source, check, Window).RunAsync(cancellationToken).ConfigureAwait(false);
        return check.Report;
    }
}

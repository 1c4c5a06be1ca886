using QmpBackup.Hashes;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>A disk of a point, as the repository stores it.</summary>
/// <param name="Tools">The programs that read it.</param>
/// <param name="Image">The image: an absolute path.</param>
/// <param name="Hashes">The files of hashes, the point's own first.</param>
internal sealed record StoredDisk(QemuTools Tools, string Image, IReadOnlyList<HashSource> Hashes);

/// <summary>
/// Reads a stored disk and compares each block with its hash. Plain images are read here, others through QEMU's own format code.
/// </summary>
internal static class DiskChecker
{
    private const int Window = 24;

    /// <summary>How an image is read.</summary>
    public static NbdClientOptions ClientOptions { get; } = new()
    {
        Connections = 4,
        MetaContexts = [NbdMetaContext.BaseAllocation, NbdMetaContext.QemuAllocationDepth],
    };

    /// <summary>Checks what a point itself holds of a disk, to the end. The images that it is built on are not opened.</summary>
    /// <param name="disk">The disk. Only the first of its files of hashes is used.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The image cannot be served.</exception>
    /// <exception cref="InvalidDataException">The file of hashes was altered.</exception>
    public static async Task<DamageReport> CheckAsync(StoredDisk disk, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(disk.Hashes.Take(1));
        return await RunAsync(
            disk, alone: true, () => new HashCheck(hashes, HashScope.Own, meter), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies all of a disk to a target. Stops at the first block that is not right, before it is written.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="target">The target.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The image cannot be served, or the target not be written.</exception>
    /// <exception cref="InvalidDataException">A file of hashes was altered.</exception>
    public static async Task<DamageReport> CopyAsync(
        StoredDisk disk, IBlockTarget target, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(disk.Hashes);
        return await RunAsync(disk, alone: false, () => new HashCheck(hashes, target, meter), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies all of a disk to a target, as <see cref="CopyAsync"/> does, if its images are plain.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="target">The target.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Null where they are not; some of the disk may be written then.</returns>
    /// <exception cref="InvalidDataException">A file of hashes was altered, or an image is damaged.</exception>
    public static async Task<DamageReport?> TryCopyAsync(
        StoredDisk disk, IBlockTarget target, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(disk.Hashes);
        var check = new HashCheck(hashes, target, meter);
        return await TryRunAsync(disk, alone: false, check, cancellationToken).ConfigureAwait(false) ? check.Report : null;
    }

    private static async Task<DamageReport> RunAsync(
        StoredDisk disk, bool alone, Func<HashCheck> makeCheck, CancellationToken cancellationToken)
    {
        var check = makeCheck();
        if (await TryRunAsync(disk, alone, check, cancellationToken).ConfigureAwait(false))
            return check.Report;
        var server = await (alone ? QemuNbdServer.ReadAloneAsync(disk.Tools, disk.Image, ClientOptions, cancellationToken)
            : QemuNbdServer.ReadAsync(disk.Tools, disk.Image, ClientOptions, cancellationToken)).ConfigureAwait(false);
        return await RunAsync(server, makeCheck(), cancellationToken).ConfigureAwait(false);
    }

    // False where only QEMU's own format code can read all of the images.
    private static async Task<bool> TryRunAsync(StoredDisk disk, bool alone, HashCheck check, CancellationToken cancellationToken)
    {
        using var source = ImageSource.TryOpen(disk.Image, alone);
        if (source is null)
            return false;
        try
        {
            await new BlockTransfer(source, check, Window).RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NotPlainException)
        {
            return false;
        }
        catch (ImageReadException e)
        {
            check.Report.Fail(e.Message, isRefused: false);
        }

        return true;
    }

    private static async Task<DamageReport> RunAsync(QemuNbdServer server, HashCheck check, CancellationToken cancellationToken)
    {
        await using (server.ConfigureAwait(false))
        {
            try
            {
                var source = new NbdSource(BlockMap.OfLayers(server.Client));
                await new BlockTransfer(source, check, Window).RunAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (NbdException e)
            {
                check.Report.Fail(e.Message.TrimEnd('.'), e is NbdCommandException);
            }

            return check.Report;
        }
    }
}

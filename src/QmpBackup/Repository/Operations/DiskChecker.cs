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
        StoredDisk disk, NbdWriter target, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hashes = HashLayers.Open(disk.Hashes);
        return await RunAsync(disk, alone: false, () => new HashCheck(hashes, target, meter), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<DamageReport> RunAsync(
        StoredDisk disk, bool alone, Func<HashCheck> makeCheck, CancellationToken cancellationToken)
    {
        try
        {
            using var source = ImageSource.TryOpen(disk.Image, alone);
            if (source is not null)
            {
                var check = makeCheck();
                await new BlockTransfer(source, check, Window).RunAsync(cancellationToken).ConfigureAwait(false);
                return check.Report;
            }
        }
        catch (NotPlainException)
        {
            // QEMU's own format code can read all of them.
        }

        var server = await (alone ? QemuNbdServer.ReadAloneAsync(disk.Tools, disk.Image, ClientOptions, cancellationToken)
            : QemuNbdServer.ReadAsync(disk.Tools, disk.Image, ClientOptions, cancellationToken)).ConfigureAwait(false);
        return await RunAsync(server, makeCheck(), cancellationToken).ConfigureAwait(false);
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

using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>Restores one disk of a point.</summary>
/// <param name="contents">The chain.</param>
/// <param name="point">The point.</param>
/// <param name="disk">The disk.</param>
/// <param name="options">How.</param>
internal sealed class DiskRestore(ChainContents contents, RepositoryPoint point, PointDisk disk, CheckOptions options)
{
    // Of strerror in the C locale, in what qemu-img says.
    private const string NoSpace = "No space left on device";

    // The disk in this point and in those that it is built on, its own first.
    private readonly List<(RepositoryPoint Point, PointDisk Disk)> _line = contents.LineOf(point, disk);

    private RepositoryChain Chain => contents.Chain;

    private StoredDisk Stored =>
        new(options.Tools, Chain.FilesOf(point, disk).Image, _line.ConvertAll(l => Chain.HashesOf(l.Point, l.Disk)));

    /// <summary>How much data the disk has, in bytes.</summary>
    /// <exception cref="BackupException">Its hashes are damaged, or cannot be read.</exception>
    public long CountData()
    {
        try
        {
            using var hashes = HashLayers.Open(Stored.Hashes);
            return hashes.CountData();
        }
        catch (InvalidDataException e)
        {
            throw Damaged(new DiskFault(point.Id, e.Message));
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(Chain.Folder, e);
        }
    }

    /// <summary>Restores the disk.</summary>
    /// <param name="place">Where to.</param>
    /// <param name="format">The format of a file.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The disk is damaged, or the place cannot be written.</exception>
    public async Task<RestoredDisk> RunAsync(
        RestorePlace place, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var begin = options.TimeProvider.GetTimestamp();
        try
        {
            switch (place)
            {
                case ExportPlace export:
                    await ToNbdAsync(export.Uri, meter, cancellationToken).ConfigureAwait(false);
                    break;
                case DevicePlace device:
                    await ToDeviceAsync(device.Path, meter, cancellationToken).ConfigureAwait(false);
                    break;
                case FilePlace file:
                    await ToNewFileAsync(file.Begin(), place.Name, format, meter, cancellationToken).ConfigureAwait(false);
                    file.Complete();
                    break;
            }
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(place.Name, e);
        }

        var seconds = Math.Round(options.TimeProvider.GetElapsedTime(begin).TotalSeconds, 3);
        return new RestoredDisk(point.Id, disk.Name, place.Name, place is FilePlace ? format : ImageFormat.Raw, disk.Size, seconds)
        {
            SourceEncryption = disk.SourceEncryption,
        };
    }

    private async Task ToNewFileAsync(
        SafeFileHandle file, string path, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        BackupException failure;
        try
        {
            var report = await FileRestore.RunAsync(
                Stored, file, format, meter, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            if (!report.IsSpoilt)
                return;
            failure = report.Problem is not { } problem ? Damaged(new DiskFault(point.Id, report.Failure!) { IsUnread = true })
                : new BackupException(BackupErrorCode.Storage, $"What was written to {path} is not what it should be: {problem}.",
                    "The point is sound: check the disk that was written to, and whether another program writes to the repository.");
        }
        catch (InvalidDataException e)
        {
            failure = new BackupException(
                BackupErrorCode.Storage, $"What was written to {path} is not what it should be: {e.Message}.", null, e);
        }
        catch (BackupException e) when (e.Code == BackupErrorCode.Storage && !e.Message.Contains(NoSpace, StringComparison.Ordinal))
        {
            failure = e;
        }

        // Is the point damaged, and which one? If it is sound, the target is not.
        await RequireSoundAsync(cancellationToken).ConfigureAwait(false);
        throw failure;
    }

    private async Task ToDeviceAsync(string path, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var nbd = new NbdClientOptions { Connections = 4, CommandTimeout = Timeout.InfiniteTimeSpan };
        var server = await QemuNbdServer.WriteAsync(
            options.Tools, path, "raw", compressed: false, nbd, cancellationToken).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            await ToClientAsync(server.Client, meter, cancellationToken).ConfigureAwait(false);
            await server.CloseAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ToNbdAsync(NbdUri uri, ProgressMeter meter, CancellationToken cancellationToken)
    {
        NbdClient client;
        try
        {
            client = await NbdClient.ConnectAsync(uri, options.Nbd with { Connections = 4 }, cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw WriteFailed(e);
        }

        await using (client.ConfigureAwait(false))
            await ToClientAsync(client, meter, cancellationToken).ConfigureAwait(false);
    }

    private async Task ToClientAsync(NbdClient client, ProgressMeter meter, CancellationToken cancellationToken)
    {
        if (client.Export.IsReadOnly || client.Export.Size < disk.Size)
        {
            throw new BackupException(BackupErrorCode.Storage, client.Export.IsReadOnly
                ? "The target can only be read." : $"The target has {client.Export.Size} bytes, disk {disk.Name} has {disk.Size}.");
        }

        var target = new NbdWriter(client, isBlank: false, WriteFailed);
        await CopyAsync(target, meter, cancellationToken).ConfigureAwait(false);
        await target.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyAsync(IBlockTarget target, ProgressMeter meter, CancellationToken cancellationToken)
    {
        DamageReport report;
        try
        {
            report = await DiskChecker.CopyAsync(Stored, target, meter, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            await RequireSoundAsync(cancellationToken).ConfigureAwait(false);
            throw Damaged(new DiskFault(point.Id, e.Message));
        }
        catch (BackupException e) when (e.InnerException is ImageRefusedException)
        {
            await RequireSoundAsync(cancellationToken).ConfigureAwait(false);
            throw;
        }

        if (report.Problem is { } problem)
        {
            var culprit = _line[report.Layer];
            RepositoryVerifier.Remember(Chain, culprit.Point, culprit.Disk, problem);
            throw Damaged(new DiskFault(culprit.Point.Id, problem));
        }

        if (report.Failure is not { } failure)
            return;
        await RequireSoundAsync(cancellationToken).ConfigureAwait(false);
        throw Damaged(new DiskFault(point.Id, failure) { IsUnread = true });
    }

    // Beginning with the lowest point: one that is built on a damaged point shows nothing of its own.
    private async Task RequireSoundAsync(CancellationToken cancellationToken)
    {
        var silent = new ProgressMeter(0, null, options.TimeProvider);
        foreach (var (below, one) in Enumerable.Reverse(_line))
        {
            if (await RepositoryVerifier.ReadAsync(
                Chain, below, one, options, silent, cancellationToken).ConfigureAwait(false) is { } fault)
            {
                throw Damaged(fault);
            }
        }
    }

    private BackupException Damaged(DiskFault fault) => RestoreSelection.Damaged(contents, point, disk, fault);

    private static BackupException WriteFailed(NbdException e) =>
        new(BackupErrorCode.Storage, $"Writing to the target failed: {e.Message.TrimEnd('.')}.", null, e);
}

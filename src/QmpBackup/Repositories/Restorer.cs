using System.Collections.Immutable;
using QmpBackup.Hosting;
using QmpBackup.Nbd;
using QmpBackup.Pulling;
using QmpBackup.Repositories.Checking;
using QmpBackup.Repositories.Hashes;

namespace QmpBackup.Repositories;

/// <summary>Restores disks from a repository. Every block is compared with its hash: in a file after it was written, and before it is written to a device or an export.</summary>
public sealed class Restorer
{
    // Of strerror in the C locale, in what qemu-img says.
    private const string NoSpace = "No space left on device";

    private readonly RepositoryChain _chain;
    private readonly CheckOptions _options;

    /// <summary>A restorer.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="options">How; null for the defaults.</param>
    public Restorer(RepositoryChain chain, CheckOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(chain);
        (_chain, _options) = (chain, options ?? new CheckOptions());
    }

    /// <summary>Whether a target is a device or an NBD export: it takes one disk, as it is, and is overwritten in place.</summary>
    /// <param name="target">A path or a URI.</param>
    /// <exception cref="BackupException">It is empty, or begins as an NBD URI does and is none (<see cref="BackupErrorCode.InvalidArgument"/>).</exception>
    public static bool IsOneDisk(string target) => RestoreTarget.Parse(target).IsOneDisk;

    /// <summary>Restores one disk.</summary>
    /// <param name="point">A point's id, or <c>latest</c>.</param>
    /// <param name="disk">The disk's name; null where the point has only one.</param>
    /// <param name="target">A path, or the URI of an NBD export, which is overwritten.</param>
    /// <param name="format">The format of a file.</param>
    /// <param name="force">Whether a file that is there may be replaced.</param>
    /// <param name="cancellationToken">Stops it; no half file is left.</param>
    /// <exception cref="BackupException">
    /// What is held is not what was put there (<see cref="BackupErrorCode.VerificationFailed"/>), there is no such point or disk, or the target cannot be written.
    /// </exception>
    public async Task<RestoredDisk> RestoreAsync(
        string point, string? disk, string target, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        var to = RestoreTarget.Parse(target);
        var (contents, found) = Find(point);
        var one = disk is null && found.Disks.Length == 1 ? found.Disks[0] : FindDisk(found, disk);
        return (await RestoreAsync(contents, found, [(one, to)], format, force, cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Restores all disks of a point.</summary>
    /// <param name="point">A point's id, or <c>latest</c>.</param>
    /// <param name="folder">The folder that they are put into; it is made where it is not there.</param>
    /// <param name="format">The format.</param>
    /// <param name="force">Whether files that are there may be replaced.</param>
    /// <param name="cancellationToken">Stops it; no half file is left.</param>
    /// <exception cref="BackupException">As for one disk.</exception>
    public Task<ImmutableArray<RestoredDisk>> RestoreAllAsync(
        string point, string folder, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        if (RestoreTarget.Parse(folder) is { IsOneDisk: true } target)
            throw new BackupException(BackupErrorCode.InvalidArgument, $"{target.Name} takes one disk.", "Name the disk, or a folder for all of them.");
        var (contents, found) = Find(point);
        var full = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(full, e);
        }

        var suffix = format == ImageFormat.Raw ? ".raw" : ChainLayout.ImageSuffix;
        return RestoreAsync(contents, found, [.. found.Disks.Select(d => (d, RestoreTarget.File(Path.Combine(full, Path.GetDirectoryName(d.File) + suffix))))], format, force, cancellationToken);
    }

    private async Task<ImmutableArray<RestoredDisk>> RestoreAsync(
        ChainContents contents, RepositoryPoint point, List<(PointDisk Disk, RestoreTarget Target)> disks, ImageFormat format, bool force, CancellationToken cancellationToken)
    {
        foreach (var (disk, target) in disks)
        {
            if (contents.FindFault(point, disk) is { } fault) throw Damaged(point, disk, fault);
            if (target.Uri is not null) continue;
            RequireFree(target, force);
            if (target.IsDevice) SafeFile.RequireUnused(target.Name);
        }

        var meter = new ProgressMeter(disks.Sum(d => DataOf(contents, point, d.Disk)), _options.Progress, _options.TimeProvider);
        var results = ImmutableArray.CreateBuilder<RestoredDisk>();
        foreach (var (disk, target) in disks)
        {
            var begin = _options.TimeProvider.GetTimestamp();
            var file = target.Name;
            try
            {
                if (target.Uri is { } uri) await ToNbdAsync(contents, point, disk, uri, meter, cancellationToken).ConfigureAwait(false);
                else if (target.IsDevice) await ToDeviceAsync(contents, point, disk, file, meter, cancellationToken).ConfigureAwait(false);
                else await ToFileAsync(contents, point, disk, file, format, force, meter, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (StorageFailure.Is(e))
            {
                throw StorageFailure.Explain(file, e);
            }

            results.Add(new RestoredDisk(point.Id, disk.Name, file, target.IsOneDisk ? ImageFormat.Raw : format, disk.Size, Math.Round(_options.TimeProvider.GetElapsedTime(begin).TotalSeconds, 3)) { SourceEncryption = disk.SourceEncryption });
        }

        meter.Finish();
        return results.ToImmutable();
    }

    private long DataOf(ChainContents contents, RepositoryPoint point, PointDisk disk)
    {
        try
        {
            using var hashes = HashLayers.Open(contents.LineOf(point, disk).Select(l => _chain.HashesOf(l.Point, l.Disk)));
            return hashes.CountData();
        }
        catch (InvalidDataException e)
        {
            throw Damaged(point, disk, new DiskFault(point.Id, e.Message));
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(_chain.Folder, e);
        }
    }

    private async Task ToFileAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, string path, ImageFormat format, bool force, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var temporary = $"{path}.{Path.GetRandomFileName()}.partial";
        try
        {
            await ToNewFileAsync(contents, point, disk, temporary, path, format, meter, cancellationToken).ConfigureAwait(false);
            File.Move(temporary, path, force);
            SafeFile.FlushFolder(Path.GetDirectoryName(path)!);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task ToNewFileAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, string temporary, string path, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var hashes = contents.LineOf(point, disk).ConvertAll(l => _chain.HashesOf(l.Point, l.Disk));
        BackupException failure;
        try
        {
            var report = await FileRestore.RunAsync(
                _options.Tools, _chain.FilesOf(point, disk).Image, hashes, temporary, format, meter, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            if (report.Problem is not { } problem) return;
            failure = new BackupException(BackupErrorCode.Storage, $"What was written to {path} is not what it should be: {problem}.", "The point is sound: see whether the disk that was written to is.");
        }
        catch (InvalidDataException e)
        {
            failure = new BackupException(BackupErrorCode.Storage, $"What was written to {path} is not what it should be: {e.Message}.", null, e);
        }
        catch (BackupException e) when (e.Code == BackupErrorCode.Storage && !e.Message.Contains(NoSpace, StringComparison.Ordinal))
        {
            failure = e;
        }

        // Is it the point that is damaged, and which? Where it is sound, the target is not.
        await RequireSoundAsync(contents, point, disk, cancellationToken).ConfigureAwait(false);
        throw failure;
    }

    private async Task ToDeviceAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, string path, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var options = new NbdClientOptions { Connections = 4, CommandTimeout = Timeout.InfiniteTimeSpan };
        var server = await QemuNbdServer.WriteAsync(_options.Tools, path, "raw", compressed: false, options, cancellationToken).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            await ToClientAsync(contents, point, disk, server.Client, meter, cancellationToken).ConfigureAwait(false);
            await server.CloseAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ToNbdAsync(ChainContents contents, RepositoryPoint point, PointDisk disk, NbdUri uri, ProgressMeter meter, CancellationToken cancellationToken)
    {
        NbdClient client;
        try
        {
            client = await NbdClient.ConnectAsync(uri, new NbdClientOptions { Connections = 4 }, cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw NbdSink.Failed(e);
        }

        await using (client.ConfigureAwait(false))
            await ToClientAsync(contents, point, disk, client, meter, cancellationToken).ConfigureAwait(false);
    }

    private async Task ToClientAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, NbdClient client, ProgressMeter meter, CancellationToken cancellationToken)
    {
        if (client.Export.IsReadOnly || client.Export.Size < (ulong)disk.Size)
        {
            throw new BackupException(BackupErrorCode.Storage, client.Export.IsReadOnly
                ? "The target can only be read." : $"The target has {client.Export.Size} bytes, disk {disk.Name} has {disk.Size}.");
        }

        await CopyAsync(contents, point, disk, new NbdSink(client), meter, cancellationToken).ConfigureAwait(false);
        try
        {
            if ((client.Export.Flags & NbdTransmissionFlags.SendFlush) != 0) await client.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw NbdSink.Failed(e);
        }
    }

    private async Task CopyAsync(ChainContents contents, RepositoryPoint point, PointDisk disk, IBlockSink? sink, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var line = contents.LineOf(point, disk);
        DamageReport report;
        try
        {
            report = await DiskChecker.RunAsync(_options.Tools, _chain.FilesOf(point, disk).Image,
                line.Select(l => _chain.HashesOf(l.Point, l.Disk)), sink, ownOnly: false, meter, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw Damaged(point, disk, new DiskFault(point.Id, e.Message));
        }

        catch (BackupException e) when (e.InnerException is ImageRefusedException)
        {
            await RequireSoundAsync(contents, point, disk, cancellationToken).ConfigureAwait(false);
            throw;
        }

        if (report.Problem is { } problem)
        {
            var culprit = line[report.Layer];
            RepositoryVerifier.Remember(_chain, culprit.Point, culprit.Disk, problem);
            throw Damaged(point, disk, new DiskFault(culprit.Point.Id, problem));
        }

        if (report.Failure is not { } failure) return;
        await RequireSoundAsync(contents, point, disk, cancellationToken).ConfigureAwait(false);
        throw Damaged(point, disk, new DiskFault(point.Id, failure) { IsUnread = true });
    }

    // From the lowest one up: what is built on a damaged point says nothing of its own.
    private async Task RequireSoundAsync(ChainContents contents, RepositoryPoint point, PointDisk disk, CancellationToken cancellationToken)
    {
        var nobody = new ProgressMeter(0, null, _options.TimeProvider);
        foreach (var (below, one) in Enumerable.Reverse(contents.LineOf(point, disk)))
        {
            if (await RepositoryVerifier.ReadAsync(_chain, below, one, _options, nobody, cancellationToken).ConfigureAwait(false) is { } fault) throw Damaged(point, disk, fault);
        }
    }

    private (ChainContents Contents, RepositoryPoint Point) Find(string id)
    {
        var contents = _chain.Read(_options.SignKey, _options.RequireSignature);
        if (contents.Broken.FirstOrDefault(b => b.Id == id) is { } broken)
            throw new BackupException(broken.IsUnread ? BackupErrorCode.Storage : BackupErrorCode.VerificationFailed, $"Point {id} {(broken.IsUnread ? "cannot be read" : "is damaged")}: {broken.Problem}.", "'qbackup list' shows the others.");
        if (contents.Find(id) is { } found && contents.FindDistrust(found) is { } distrust)
            throw new BackupException(BackupErrorCode.VerificationFailed, $"Point {found.Id} cannot be trusted: {distrust}.", "'qbackup verify' tells which points can.");
        return contents.Find(id) is { } point ? (contents, point)
            : throw new BackupException(BackupErrorCode.InvalidArgument, contents.Points.IsEmpty ? "There is no point here." : $"There is no point {id}.", "'qbackup list' shows what there is.");
    }

    private static PointDisk FindDisk(RepositoryPoint point, string? name) => (name is null ? null : point.FindDisk(name))
        ?? throw new BackupException(BackupErrorCode.InvalidArgument, name is null ? "This point has several disks." : $"Point {point.Id} has no disk {name}.",
            $"It has: {string.Join(", ", point.Disks.Select(d => d.Name))}.");

    private static void RequireFree(RestoreTarget target, bool force)
    {
        if (!force && Path.Exists(target.Name))
            throw new BackupException(BackupErrorCode.Storage, $"{target.Name} is there already.", target.IsDevice ? "--force overwrites what is on it." : "--force replaces it.");
        if (Directory.Exists(target.Name))
            throw new BackupException(BackupErrorCode.Storage, $"{target.Name} is a folder.", "Name a file, or name no disk to restore all of them into it.");
    }

    private static BackupException Damaged(RepositoryPoint point, PointDisk disk, DiskFault fault) => fault.IsUnread
        ? new(BackupErrorCode.Storage, $"Disk {disk.Name} of point {point.Id} cannot be read{(fault.Point == point.Id ? "" : $", for point {fault.Point}, which it is built on, cannot")}: {fault.Problem}.",
            "See whether the repository's file system works. 'qbackup verify' tells whether the point is sound.")
        : new(BackupErrorCode.VerificationFailed,
        fault.Point == point.Id ? $"Disk {disk.Name} of point {point.Id} is damaged: {fault.Problem}."
            : $"Disk {disk.Name} of point {point.Id} cannot be restored: point {fault.Point}, which it is built on, is damaged: {fault.Problem}.",
        "'qbackup verify' tells which points are sound.");
}

using System.Collections.Immutable;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup;

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
    /// <param name="point">A point's id, or <c>latest</c>: the newest one that has the disk.</param>
    /// <param name="disk">The disk's name; null where there is only one.</param>
    /// <param name="target">
    /// A path, or the URI of an NBD export. A path that leads to a block device means the device, which is overwritten, as is an export. With a <c>/</c> at its end it is a folder, in which
    /// the file is given the disk's name.
    /// </param>
    /// <param name="format">The format of a file.</param>
    /// <param name="force">Whether a file that is there may be replaced, and a device overwritten. What is in use never is.</param>
    /// <param name="cancellationToken">Stops it; no half file is left.</param>
    /// <exception cref="BackupException">
    /// What is held is not what was put there (<see cref="BackupErrorCode.VerificationFailed"/>), there is no such point or disk, or the target cannot be written.
    /// </exception>
    public async Task<RestoredDisk> RestoreAsync(
        string point, string? disk, string target, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        var to = RestoreTarget.Parse(target);
        var contents = _chain.Read(_options.SignKey, _options.RequireSignature);
        var found = Find(contents, point, disk);
        if (found is not [var one])
            throw new BackupException(BackupErrorCode.InvalidArgument, "There are several disks.", $"Name one of them: {string.Join(", ", found.Select(d => d.Disk.Name))}.");
        return (await RestoreAsync(contents, [one], to, isFolder: to.IsFolder, format, force, cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Restores all disks of a point.</summary>
    /// <param name="point">A point's id; or <c>latest</c>: the newest state of each disk of the chain, which need not be of one point.</param>
    /// <param name="folder">The folder that they are put into; it is made where it is not there, in one that is.</param>
    /// <param name="format">The format.</param>
    /// <param name="force">Whether files that are there may be replaced. What is in use never is.</param>
    /// <param name="cancellationToken">Stops it; no half file is left.</param>
    /// <exception cref="BackupException">As for one disk.</exception>
    public Task<ImmutableArray<RestoredDisk>> RestoreAllAsync(
        string point, string folder, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        if (RestoreTarget.Parse(folder) is not { IsOneDisk: false } target)
            throw new BackupException(BackupErrorCode.InvalidArgument, $"{folder} takes one disk.", "Name the disk, or a folder for all of them.");
        var contents = _chain.Read(_options.SignKey, _options.RequireSignature);
        return RestoreAsync(contents, Find(contents, point, null), target, isFolder: true, format, force, cancellationToken);
    }

    private async Task<ImmutableArray<RestoredDisk>> RestoreAsync(
        ChainContents contents, List<(RepositoryPoint Point, PointDisk Disk)> disks, RestoreTarget target, bool isFolder, ImageFormat format, bool force, CancellationToken cancellationToken)
    {
        foreach (var (point, disk) in disks)
        {
            if (contents.FindFault(point, disk) is { } fault)
                throw Damaged(contents, point, disk, fault);
        }

        // All of them before anything is written.
        var places = new List<RestorePlace>();
        try
        {
            var rules = new RestoreRules(_chain, force, _options.TrustFolders);
            if (isFolder)
                MakeFolder(target, rules);
            foreach (var (_, disk) in disks)
                places.Add(RestorePlace.Open(isFolder ? RestoreTarget.File(Path.Combine(target.Name, FileName(disk, format))) : target, rules));
            var meter = new ProgressMeter(disks.Sum(d => DataOf(contents, d.Point, d.Disk)), _options.Progress, _options.TimeProvider);
            var results = ImmutableArray.CreateBuilder<RestoredDisk>();
            foreach (var ((point, disk), place) in disks.Zip(places))
                results.Add(await RestoreAsync(contents, point, disk, place, format, meter, cancellationToken).ConfigureAwait(false));
            meter.Finish();
            return results.ToImmutable();
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(target.Name, e);
        }
        finally
        {
            foreach (var place in places)
                place.Dispose();
        }
    }

    private async Task<RestoredDisk> RestoreAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, RestorePlace place, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var begin = _options.TimeProvider.GetTimestamp();
        try
        {
            switch (place)
            {
                case ExportPlace export:
                    await ToNbdAsync(contents, point, disk, export.Uri, meter, cancellationToken).ConfigureAwait(false);
                    break;
                case DevicePlace device:
                    await ToDeviceAsync(contents, point, disk, device.Path, meter, cancellationToken).ConfigureAwait(false);
                    break;
                case FilePlace file:
                    await ToNewFileAsync(contents, point, disk, file.Begin(), place.Name, format, meter, cancellationToken).ConfigureAwait(false);
                    file.Complete();
                    break;
            }
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(place.Name, e);
        }

        return new RestoredDisk(point.Id, disk.Name, place.Name, place is FilePlace ? format : ImageFormat.Raw, disk.Size, Math.Round(_options.TimeProvider.GetElapsedTime(begin).TotalSeconds, 3)) { SourceEncryption = disk.SourceEncryption };
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
            throw Damaged(contents, point, disk, new DiskFault(point.Id, e.Message));
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            throw StorageFailure.Explain(_chain.Folder, e);
        }
    }

    private static void MakeFolder(RestoreTarget folder, RestoreRules rules)
    {
        using var walk = rules.Walk(folder.Name);
        if (walk.Entry is not null)
            throw new BackupException(BackupErrorCode.Storage, $"{folder.Name} is no folder.", "Name a folder, or one disk that is to be restored to it.");
        if (walk.Name is not null)
            walk.Folder.MakeChild(walk.Name).Dispose();
    }

    private static string FileName(PointDisk disk, ImageFormat format) => Path.GetDirectoryName(disk.File) + (format == ImageFormat.Raw ? ".raw" : ChainLayout.ImageSuffix);

    private async Task ToNewFileAsync(
        ChainContents contents, RepositoryPoint point, PointDisk disk, SafeFileHandle file, string path, ImageFormat format, ProgressMeter meter, CancellationToken cancellationToken)
    {
        var hashes = contents.LineOf(point, disk).ConvertAll(l => _chain.HashesOf(l.Point, l.Disk));
        BackupException failure;
        try
        {
            var report = await FileRestore.RunAsync(
                _options.Tools, _chain.FilesOf(point, disk).Image, hashes, file, format, meter, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            if (report.Problem is not { } problem)
                return;
            failure = new BackupException(BackupErrorCode.Storage, $"What was written to {path} is not what it should be: {problem}.", "The point is sound: see whether the disk that was written to is, and whether somebody else writes to the repository.");
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
        if (client.Export.IsReadOnly || client.Export.Size < disk.Size)
        {
            throw new BackupException(BackupErrorCode.Storage, client.Export.IsReadOnly
                ? "The target can only be read." : $"The target has {client.Export.Size} bytes, disk {disk.Name} has {disk.Size}.");
        }

        await CopyAsync(contents, point, disk, new NbdSink(client), meter, cancellationToken).ConfigureAwait(false);
        try
        {
            if ((client.Export.Flags & NbdTransmissionFlags.SendFlush) != 0)
                await client.FlushAsync(cancellationToken).ConfigureAwait(false);
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
            throw Damaged(contents, point, disk, new DiskFault(point.Id, e.Message));
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
            throw Damaged(contents, point, disk, new DiskFault(culprit.Point.Id, problem));
        }

        if (report.Failure is not { } failure)
            return;
        await RequireSoundAsync(contents, point, disk, cancellationToken).ConfigureAwait(false);
        throw Damaged(contents, point, disk, new DiskFault(point.Id, failure) { IsUnread = true });
    }

    // From the lowest one up: what is built on a damaged point says nothing of its own.
    private async Task RequireSoundAsync(ChainContents contents, RepositoryPoint point, PointDisk disk, CancellationToken cancellationToken)
    {
        var nobody = new ProgressMeter(0, null, _options.TimeProvider);
        foreach (var (below, one) in Enumerable.Reverse(contents.LineOf(point, disk)))
        {
            if (await RepositoryVerifier.ReadAsync(_chain, below, one, _options, nobody, cancellationToken).ConfigureAwait(false) is { } fault)
                throw Damaged(contents, point, disk, fault);
        }
    }

    // The latest state of a disk is in the newest point that has it: a backup may have been of some disks only.
    private static List<(RepositoryPoint Point, PointDisk Disk)> Find(ChainContents contents, string id, string? disk)
    {
        var isLatest = id == "latest";
        if (contents.Broken.FirstOrDefault(b => isLatest ? contents.Points.IsEmpty : b.Id == id) is { } broken)
            throw new BackupException(broken.IsUnread ? BackupErrorCode.Storage : BackupErrorCode.VerificationFailed, $"Point {broken.Id} {(broken.IsUnread ? "cannot be read" : "is damaged")}: {broken.Problem}.", "'qbackup list' shows the others.");
        if (contents.Find(id) is not { } point)
            throw new BackupException(BackupErrorCode.InvalidArgument, contents.Points.IsEmpty ? "There is no point here." : $"There is no point {id}.", "'qbackup list' shows what there is.");
        var points = isLatest ? contents.Points.Reverse() : [point];
        List<(RepositoryPoint Point, PointDisk Disk)> found = [.. points.SelectMany(p => p.Disks.Select(d => (p, d))).DistinctBy(d => d.d.Name).Where(d => disk is null || d.d.Name == disk)
            .OrderBy(d => d.d.Name, StringComparer.Ordinal)];
        if (found.Count == 0)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, isLatest ? $"No point has a disk {disk}." : $"Point {id} has no disk {disk}.",
                $"There are: {string.Join(", ", points.SelectMany(p => p.Disks.Select(d => d.Name)).Distinct().Order(StringComparer.Ordinal))}.");
        }

        // What cannot be read may have been newer, and of any disk.
        if (isLatest && contents.Broken.LastOrDefault(b => found.Exists(f => IsNewer(b.Id, f.Point.Id))) is { } newer)
        {
            throw new BackupException(newer.IsUnread ? BackupErrorCode.Storage : BackupErrorCode.VerificationFailed, $"The newest point {newer.Id} {(newer.IsUnread ? "cannot be read" : "is damaged")}: {newer.Problem}.",
                HintOf(contents, found.First(f => IsNewer(newer.Id, f.Point.Id)).Disk.Name, newer.Id));
        }

        foreach (var (one, _) in found)
        {
            if (contents.FindDistrust(one) is { } distrust)
                throw new BackupException(BackupErrorCode.VerificationFailed, $"Point {one.Id} cannot be trusted: {distrust}.", "'qbackup verify' tells which points can.");
        }

        return found;
    }

    // By the second, which an id begins with; of two in one second either may be.
    private static bool IsNewer(string id, string than) => string.CompareOrdinal(id.Split('-')[0], than.Split('-')[0]) >= 0;

    private static BackupException Damaged(ChainContents contents, RepositoryPoint point, PointDisk disk, DiskFault fault) => fault.IsUnread
        ? new(BackupErrorCode.Storage, $"Disk {disk.Name} of point {point.Id} cannot be read{(fault.Point == point.Id ? "" : $", for point {fault.Point}, which it is built on, cannot")}: {fault.Problem}.",
            "See whether the repository's file system works. 'qbackup verify' tells whether the point is sound.")
        : new(BackupErrorCode.VerificationFailed,
        fault.Point == point.Id ? $"Disk {disk.Name} of point {point.Id} is damaged: {fault.Problem}."
            : $"Disk {disk.Name} of point {point.Id} cannot be restored: point {fault.Point}, which it is built on, is damaged: {fault.Problem}.",
        HintOf(contents, disk.Name, fault.Point));

    private static string HintOf(ChainContents contents, string disk, string damaged)
    {
        var sound = contents.Points.LastOrDefault(p => p.FindDisk(disk) is { } one && contents.FindFault(p, one) is null && !contents.LineOf(p, one).Exists(l => l.Point.Id == damaged));
        return (sound is null ? $"No point of disk {disk} is sound." : $"The newest sound point of disk {disk} is {sound.Id}.") + " 'qbackup verify' tells which points are sound.";
    }
}

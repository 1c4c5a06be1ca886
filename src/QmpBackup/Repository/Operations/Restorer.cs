using System.Collections.Immutable;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup;

/// <summary>How a repository is verified or restored from.</summary>
public sealed record CheckOptions
{
    /// <summary>The programs that read and write images.</summary>
    public QemuTools Tools { get; init; } = new();

    /// <summary>The key that signatures are checked with, private or public; null to check none.</summary>
    public SigningKey? SignKey { get; init; }

    /// <summary>Whether a point without a signature counts as not sound.</summary>
    public bool RequireSignature { get; init; }

    /// <summary>
    /// How the client connects to a target that is an NBD export: time limits, certificates, logging. Used only by a restore.
    /// </summary>
    public NbdClientOptions Nbd { get; init; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Whether a target is used in folders that users other than this one and root can write: they could redirect what is written.
    /// </summary>
    public bool TrustFolders { get; init; }

    /// <summary>Receives progress a few times a second; null for none.</summary>
    public IProgress<PullProgress>? Progress { get; init; }
}

/// <summary>
/// Restores disks from a repository. Every block is compared with its hash before it is written; where a compressed image becomes a file,
/// after that.
/// </summary>
public sealed class Restorer
{
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

    /// <summary>Whether a target is a device or an NBD export: it takes one disk in raw format, and is overwritten in place.</summary>
    /// <param name="target">A path or a URI.</param>
    /// <exception cref="BackupException">
    /// The target is empty, or begins like an NBD URI and is not one (<see cref="BackupErrorCode.InvalidArgument"/>).
    /// </exception>
    public static bool IsOneDisk(string target) => RestoreTarget.Parse(target).IsOneDisk;

    /// <summary>Restores one disk.</summary>
    /// <param name="point">A point's id, or <c>latest</c>: the newest one that has the disk.</param>
    /// <param name="disk">The disk's name; null where there is only one.</param>
    /// <param name="target">
    /// A path, or the URI of an NBD export. A path that leads to a block device means the device, which is overwritten, as is an export. A
    /// path that ends with <c>/</c> is a folder, in which the file gets the disk's name.
    /// </param>
    /// <param name="format">The format of a file.</param>
    /// <param name="force">Whether an existing file may be replaced, and a device overwritten. What is in use never is.</param>
    /// <param name="cancellationToken">Stops it; no incomplete file is left.</param>
    /// <exception cref="BackupException">
    /// The point is damaged (<see cref="BackupErrorCode.VerificationFailed"/>), there is no such point or disk, or the target cannot be
    /// written.
    /// </exception>
    public async Task<RestoredDisk> RestoreAsync(
        string point, string? disk, string target, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        var to = RestoreTarget.Parse(target);
        var contents = _chain.Read(_options.SignKey, _options.RequireSignature);
        var found = RestoreSelection.Find(contents, point, disk);
        if (found is not [var one])
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "There are several disks.",
                $"Name one of them: {string.Join(", ", found.Select(d => d.Disk.Name))}.");
        }

        return (await RestoreAsync(contents, [one], to, isFolder: to.IsFolder, format, force, cancellationToken).ConfigureAwait(false))[0];
    }

    /// <summary>Restores all disks of a point.</summary>
    /// <param name="point">
    /// A point's id; or <c>latest</c>: the newest state of each disk of the chain, which may come from different points.
    /// </param>
    /// <param name="folder">The folder for the files. It is made if it does not exist; its parent must exist.</param>
    /// <param name="format">The format.</param>
    /// <param name="force">Whether existing files may be replaced. What is in use never is.</param>
    /// <param name="cancellationToken">Stops it; no incomplete file is left.</param>
    /// <exception cref="BackupException">As for one disk.</exception>
    public Task<ImmutableArray<RestoredDisk>> RestoreAllAsync(
        string point, string folder, ImageFormat format, bool force = false, CancellationToken cancellationToken = default)
    {
        if (RestoreTarget.Parse(folder) is not { IsOneDisk: false } target)
        {
            throw new BackupException(
                BackupErrorCode.InvalidArgument, $"{folder} takes one disk.", "Name the disk, or a folder for all of them.");
        }

        var contents = _chain.Read(_options.SignKey, _options.RequireSignature);
        return RestoreAsync(
            contents, RestoreSelection.Find(contents, point, null), target, isFolder: true, format, force, cancellationToken);
    }

    private async Task<ImmutableArray<RestoredDisk>> RestoreAsync(
        ChainContents contents, List<(RepositoryPoint Point, PointDisk Disk)> disks, RestoreTarget target, bool isFolder,
        ImageFormat format, bool force, CancellationToken cancellationToken)
    {
        foreach (var (point, disk) in disks)
        {
            if (contents.FindFault(point, disk) is { } fault)
                throw RestoreSelection.Damaged(contents, point, disk, fault);
        }

        using var use = PointUse.Share(contents, disks.SelectMany(d => contents.LineOf(d.Point, d.Disk)).Select(l => l.Point));
        // All targets are opened before anything is written.
        var places = new List<RestorePlace>();
        try
        {
            var rules = new RestoreRules(_chain, force, _options.TrustFolders);
            if (isFolder)
                MakeFolder(target, rules);
            foreach (var (_, disk) in disks)
            {
                places.Add(
                    RestorePlace.Open(isFolder ? RestoreTarget.File(Path.Combine(target.Name, FileName(disk, format))) : target, rules));
            }

            var restores = disks.ConvertAll(d => new DiskRestore(contents, d.Point, d.Disk, _options));
            var meter = new ProgressMeter(restores.Sum(r => r.CountData()), _options.Progress, _options.TimeProvider);
            var results = ImmutableArray.CreateBuilder<RestoredDisk>();
            foreach (var (restore, place) in restores.Zip(places))
                results.Add(await restore.RunAsync(place, format, meter, cancellationToken).ConfigureAwait(false));
            meter.Finish();
            return results.ToImmutable();
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(target.Name, e);
        }
        finally
        {
            foreach (var place in places)
                place.Dispose();
        }
    }

    private static void MakeFolder(RestoreTarget folder, RestoreRules rules)
    {
        using var walk = rules.Walk(folder.Name);
        if (walk.Entry is not null)
        {
            throw new BackupException(
                BackupErrorCode.Storage, $"{folder.Name} is not a folder.", "Name a folder, or one disk that is to be restored to it.");
        }

        if (walk.Name is not null)
            walk.Folder.MakeChild(walk.Name).Dispose();
    }

    private static string FileName(PointDisk disk, ImageFormat format) =>
        Path.GetDirectoryName(disk.File) + (format == ImageFormat.Raw ? ".raw" : ChainLayout.ImageSuffix);
}

/// <summary>A restored disk.</summary>
/// <param name="Point">The point.</param>
/// <param name="Disk">The disk's name.</param>
/// <param name="Target">Where it is: a path or an NBD URI.</param>
/// <param name="Format">The format.</param>
/// <param name="Size">The virtual size, in bytes.</param>
/// <param name="Seconds">The time it took, in seconds.</param>
public sealed record RestoredDisk(CheckpointId Point, string Disk, string Target, ImageFormat Format, long Size, double Seconds)
{
    /// <summary>
    /// How the VM's own image was encrypted when the point was taken, such as <c>luks</c>; null where it was not. The restored disk is not
    /// encrypted.
    /// </summary>
    public string? SourceEncryption { get; init; }
}

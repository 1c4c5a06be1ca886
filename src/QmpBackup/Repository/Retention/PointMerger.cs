using System.Collections.Immutable;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Retention;

/// <summary>
/// Removes a point and merges it into those that are built on it. At every moment each of them can be restored with qemu-img alone, and the
/// removal can be completed from what is in the folder:
/// <list type="number">
/// <item>The hashes of both are written to a file of their own.</item>
/// <item><c>POINT.json</c> of each point above says that it is built on what the removed point is built on, and that it is being merged.
/// This is true at once for a reader: the image still leads to the removed one, which is not changed yet.</item>
/// <item><c>POINT.json</c> of the removed point says that it is removed.</item>
/// <item>QEMU writes the image above into the removed one. What it overwrites, the image above hides.</item>
/// <item>The result gets the name of the image above. The name of what is built on it does not change.</item>
/// <item>The hashes get their name, and <c>POINT.json</c> of the point above its final form. Then the removed point's files go.</item>
/// </list>
/// </summary>
/// <param name="chain">The chain, which the caller has locked.</param>
/// <param name="options">How.</param>
internal sealed class PointMerger(RepositoryChain chain, PruneOptions options)
{
    /// <summary>Removes a point; completes a removal that was begun.</summary>
    /// <param name="id">The point.</param>
    /// <param name="cancellationToken">Stops it between two steps; the next removal completes this one.</param>
    /// <exception cref="BackupException">Something failed.</exception>
    public async Task RemoveAsync(CheckpointId id, CancellationToken cancellationToken)
    {
        try
        {
            using var folder = ChainFolder.Make(chain);
            foreach (var above in Read().Points.Where(p => p.Disks.Any(d => d.Parent == id || d.Merging == id)))
                RequireSignable(above);
            Announce(folder, id, cancellationToken);
            // From here on the removed point's image may change.
            foreach (var disk in Read().Points.SelectMany(p => p.Disks.Where(d => d.Merging == id).Select(d => (Point: p, Disk: d)))
                .GroupBy(d => d.Disk.Name, (_, above) => above.ToList()))
            {
                await MergeAsync(id, disk, cancellationToken).ConfigureAwait(false);
            }

            foreach (var point in Read().Points.Where(p => p.Disks.Any(d => d.Merging == id)))
                Complete(folder, point, id);
            Step($"remove {id}");
            folder.RemovePoint(id);
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(chain.Folder, e);
        }
    }

    private void Announce(ChainFolder folder, CheckpointId id, CancellationToken cancellationToken)
    {
        var contents = Read();
        // The removal may have been announced earlier.
        if (contents.Find(id) is not { } point)
            return;
        foreach (var above in contents.Points.Where(p => p.Disks.Any(d => d.Parent == id)))
        {
            var merged = Merge(contents, point, above, cancellationToken);
            Step($"announce merge into {above.Id}");
            Write(folder, merged);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Step($"announce removal of {id}");
        // A removed point is not read again, so it needs no signature.
        Write(folder, point with { IsRemoved = true, Signature = null });
    }

    // The point above as it is when the other one is merged into it.
    private RepositoryPoint Merge(
        ChainContents contents, RepositoryPoint point, RepositoryPoint above, CancellationToken cancellationToken)
    {
        PointDisk Merged(PointDisk disk)
        {
            if (disk.Parent != point.Id)
                return disk;
            var below = point.FindDisk(disk.Name) ?? throw new InvalidDataException($"point {point.Id} has no disk {disk.Name}");
            var path = Path.Combine(chain.FilesOf(above, disk).Folder, above.Id + ChainLayout.MergedHashesSuffix);
            Step($"merge hashes of {above.Id}");
            var (digest, data, zero) = HashMerge.Write(
                chain.HashesOf(above, disk), chain.HashesOf(point, below), path, cancellationToken);
            var root = PointHashes.RootOf(disk.Name, digest, below.Parent is { } parent ? RootOf(contents, parent, disk.Name) : null);
            var used = disk.Hashes.Roots.Where(former => contents.Points.SelectMany(p => p.Disks).Any(d => d.Parent == above.Id
                && d.Name == disk.Name && PointHashes.RootOf(d.Name, d.Hashes.Digest, former) == d.Hashes.Root)).ToImmutableArray();
            return disk with
            {
                Level = below.Level == BackupLevel.Incremental ? disk.Level : BackupLevel.Full,
                Reason = below.Level == BackupLevel.Incremental ? disk.Reason : $"merged with point {point.Id}, which was removed",
                Parent = below.Parent,
                BytesWritten = data,
                BytesZero = zero,
                Hashes = disk.Hashes with { Digest = digest, Root = root, FormerRoots = used.IsEmpty ? null : used },
                Merging = point.Id,
            };
        }

        var disks = above.Disks.Select(Merged).ToImmutableArray();
        return above with
        {
            Disks = disks,
            Parent = contents.Points.LastOrDefault(p => disks.Any(d => d.Parent == p.Id))?.Id,
        };
    }

    private static string RootOf(ChainContents contents, CheckpointId parent, string disk) =>
        contents.Find(parent)?.FindDisk(disk)?.Hashes.Root ?? throw new InvalidDataException($"point {parent} has no disk {disk}");

    // All but one get a copy; the last one gets the image itself, so that a line of points needs none.
    private async Task MergeAsync(
        CheckpointId id, List<(RepositoryPoint Point, PointDisk Disk)> disks, CancellationToken cancellationToken)
    {
        var folder = chain.FilesOf(disks[0].Point, disks[0].Disk).Folder;
        using var held = OpenFolder.OpenOurs(folder, 3);
        var removed = DiskInspector.BackingOf(id);
        var left = disks.Select(d => DiskInspector.BackingOf(d.Point.Id)).Where(image => IsBuiltOn(held, image, removed)).ToList();
        foreach (var image in left)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var below = removed;
            if (image != left[^1])
            {
                below = Path.GetFileNameWithoutExtension(image) + ChainLayout.MergedImageSuffix;
                Step($"copy {removed}");
                FileClone.Copy(held, removed, below);
            }

            Step($"commit {image}");
            using (var file = held.OpenFile(below, write: true))
            {
                await QemuImage.CommitAsync(options.Tools, Path.Combine(OpenFolder.PathOf(held.Handle), image), OpenFolder.PathOf(file),
                    options.TimeProvider, cancellationToken).ConfigureAwait(false);
                Step($"flush {image}");
                FolderFiles.Flush(file, Path.Combine(folder, below));
            }

            Step($"rename {image}");
            held.Rename(below, image, replace: true);
            held.Flush();
        }
    }

    private static bool IsBuiltOn(OpenFolder folder, string image, string below)
    {
        using var file = folder.OpenFile(image);
        return Qcow2Header.Read(file, image).BackingFile == below;
    }

    private void Complete(ChainFolder folder, RepositoryPoint point, CheckpointId id)
    {
        PointDisk Final(PointDisk disk)
        {
            if (disk.Merging != id)
                return disk;
            using var held = OpenFolder.OpenOurs(chain.FilesOf(point, disk).Folder, 3);
            var merged = point.Id + ChainLayout.MergedHashesSuffix;
            Step($"rename hashes of {point.Id}");
            if (held.Find(merged) is not null)
                held.Rename(merged, point.Id + ChainLayout.HashesSuffix, replace: true);
            held.Flush();
            using var image = held.OpenFile(DiskInspector.BackingOf(point.Id));
            return disk with { Merging = null, FileSize = RandomAccess.GetLength(image) };
        }

        var final = point with { Disks = [.. point.Disks.Select(Final)] };
        Step($"complete {point.Id}");
        Write(folder, final);
    }

    // What is signed again must have been signed with the same key before. This is asked before anything is changed.
    private void RequireSignable(RepositoryPoint point)
    {
        if (point.Signature is null || (point.SignatureState == SignatureState.Valid && options.SignKey is { CanSign: true }))
            return;
        throw new BackupException(BackupErrorCode.Storage, $"Point {point.Id} is signed, and has to be signed again.",
            Advice.Of($"{Feature.Prune} with the private key in {Feature.SignKey} completes the removal that was begun."));
    }

    // If this fails, the file that was there stays: it must not be removed, as that of a new point is.
    private void Write(ChainFolder folder, RepositoryPoint point) =>
        PointFile.Replace(folder.Folder, point, point.Signature is null ? null : options.SignKey);

    private ChainContents Read() => chain.Read(options.SignKey);

    private void Step(string what) => options.BeforeStep?.Invoke(what);
}

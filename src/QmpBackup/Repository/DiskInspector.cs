using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Transfer;

namespace QmpBackup.Repository;

/// <summary>How thoroughly a disk is inspected.</summary>
internal enum Inspection
{
    /// <summary>Its files, and what an earlier verification found.</summary>
    Full,

    /// <summary>The same, without reading its hashes to the end.</summary>
    Glance,

    /// <summary>Its files, whatever was found earlier.</summary>
    FilesOnly,
}

/// <summary>Inspects the files of a disk without reading its content.</summary>
internal static class DiskInspector
{
    private const int MaxNoteLength = 1000;

    /// <summary>See <see cref="ChainContents.FindFault(RepositoryPoint, PointDisk)"/>.</summary>
    public static DiskFault? FindFault(ChainContents chain, RepositoryPoint point, PointDisk disk, Inspection how)
    {
        DiskFault? At(string? problem) => problem is null ? null : new DiskFault(point.Id, problem);

        if (chain.FindDistrust(point) is { } distrust)
            return new DiskFault(point.Id, distrust) { IsUntrusted = true };
        if (ChainLayout.FolderIn(disk.File, disk.Name, point.Id, ChainLayout.ImageSuffix) is not { } folder
            || ChainLayout.FolderIn(disk.Hashes.File, disk.Name, point.Id, ChainLayout.HashesSuffix) != folder)
        {
            return At($"{ChainLayout.NameOf(point.Id)} names a file that does not belong to the disk");
        }

        IEnumerable<string?> parentRoots = [null];
        string? backing = null;
        if (disk.Parent is { } parentId)
        {
            if (chain.Find(parentId) is not { } parent)
            {
                var broken = chain.Broken.FirstOrDefault(b => b.Id == parentId);
                return new DiskFault(parentId, broken?.Problem ?? "the point is missing") { IsUnread = broken is { IsUnread: true } };
            }

            if (parent.FindDisk(disk.Name) is not { } below)
                return At($"point {parentId}, which it is built on, has no such disk");
            if (chain.FindFault(parent, below, how) is { } deeper)
                return deeper;
            if (Path.GetDirectoryName(below.File) != folder)
                return At($"the disk of point {parentId}, which it is built on, is in another folder");
            (parentRoots, backing) = (below.Hashes.Roots, BackingOf(parentId));
        }

        try
        {
            var files = chain.Chain.FilesOf(point, disk);
            return At(Files(chain.Chain.HashesOf(point, disk), files, disk, backing, parentRoots, how)
                ?? (how == Inspection.FilesOnly ? null : ReadNote(files)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return At(
                e is FileNotFoundException { FileName: { } name } ? $"{Path.GetFileName(name)} is missing" : $"folder {folder} is missing");
        }
        catch (InvalidDataException e)
        {
            return At(e.Message);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            return new DiskFault(point.Id, e.Message.TrimEnd('.')) { IsUnread = true };
        }
    }

    /// <summary>The backing file as an image names it.</summary>
    /// <param name="parent">The parent's id.</param>
    public static string BackingOf(CheckpointId parent) => $"{parent}{ChainLayout.ImageSuffix}";

    /// <summary>Remembers what a verification or a restore found, so that nothing is built on a damaged disk. Null forgets it.</summary>
    public static void WriteNote(DiskFiles files, string? problem)
    {
        using var folder = FolderFiles.OpenFolderOf(files.Damage);
        var name = Path.GetFileName(files.Damage);
        if (problem is null)
            folder.Remove(name);
        else
            folder.Replace(name, System.Text.Encoding.UTF8.GetBytes(Bounded(problem) + "\n"));
    }

    private static string? Files(
        HashSource hashes, DiskFiles files, PointDisk disk, string? backing, IEnumerable<string?> parentRoots, Inspection how)
    {
        using var image = FolderFiles.OpenRead(files.Image);
        var length = RandomAccess.GetLength(image);
        if (length != disk.FileSize && disk.Merging is null)
            return $"{disk.File} has {length} bytes, but {disk.FileSize} were written";
        var header = Qcow2Header.Read(image, disk.File);
        if (header.Size != disk.Size)
            return $"{disk.File} is an image of {header.Size} bytes, the disk has {disk.Size}";
        if (header.BackingFile != backing && (disk.Merging is not { } merging || header.BackingFile != BackingOf(merging)))
            return $"{disk.File} is built on {header.BackingFile ?? "nothing"}, and not on {backing ?? "nothing"}";
        if (disk.Hashes is not { Algorithm: HashBlock.Algorithm, BlockSize: HashBlock.Size })
            return "its hashes are of a kind that this program does not know";
        if (how == Inspection.Glance)
            HashFileReader.Open(hashes).Dispose();
        else
            HashFileReader.Check(hashes);
        return parentRoots.Any(r => PointHashes.RootOf(disk.Name, disk.Hashes.Digest, r) == disk.Hashes.Root) ? null
            : "the point that it is built on is not the one that it was taken against";
    }

    private static string? ReadNote(DiskFiles files)
    {
        try
        {
            using var file = FolderFiles.OpenRead(files.Damage);
            var bytes = new byte[MaxNoteLength];
            return $"found damaged earlier: {Bounded(System.Text.Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0)))}";
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    // Others may have written it, or chosen parts of it: for example a name in an image's header.
    private static string Bounded(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return line[..Math.Min(line.Length, MaxNoteLength)];
    }
}

using QmpBackup.Repositories.Hashes;

namespace QmpBackup.Repositories;

/// <summary>Looks at the files of a disk without reading its content.</summary>
internal static class DiskInspector
{
    private const string DamagedSuffix = ".damaged";
    private const int MaxNoteLength = 1000;

    /// <summary>See <see cref="ChainContents.FindFault(RepositoryPoint, PointDisk)"/>.</summary>
    public static DiskFault? FindFault(ChainContents chain, RepositoryPoint point, PointDisk disk, bool withNote)
    {
        DiskFault? At(string? problem) => problem is null ? null : new DiskFault(point.Id, problem);

        var folder = chain.Chain.FolderOf(point.Id);
        string? parentRoot = null;
        string? backing = null;
        if (disk.Parent is { } parentId)
        {
            if (chain.Find(parentId) is not { } parent)
                return new DiskFault(parentId, chain.Broken.FirstOrDefault(b => b.Id == parentId)?.Problem ?? "the point is missing");
            if (parent.FindDisk(disk.Name) is not { } below) return At($"point {parentId}, which it is built on, has no such disk");
            if (chain.FindFault(parent, below, withNote) is { } deeper) return deeper;
            (parentRoot, backing) = (below.Hashes.Root, BackingOf(parentId, below.File));
        }

        if (Path.GetFileName(disk.File) != disk.File || Path.GetFileName(disk.Hashes.File) != disk.Hashes.File) return At("point.json names a file that is not in its folder");
        try
        {
            return At(Files(folder, disk, backing, parentRoot) ?? (withNote ? ReadNote(folder, disk) : null));
        }
        catch (FileNotFoundException e)
        {
            return At($"{Path.GetFileName(e.FileName)} is missing");
        }
        catch (Exception e) when (e is InvalidDataException || StorageFailure.Is(e))
        {
            return At(e.Message);
        }
    }

    /// <summary>The backing file as an image names it.</summary>
    /// <param name="parent">The parent's id.</param>
    /// <param name="file">The parent's image.</param>
    public static string BackingOf(string parent, string file) => $"../{parent}/{file}";

    /// <summary>Remembers what a verification or a restore found, so that nothing is built on it.</summary>
    public static void WriteNote(string folder, PointDisk disk, string? problem)
    {
        var path = Path.Combine(folder, disk.File + DamagedSuffix);
        if (problem is null) File.Delete(path);
        else SafeFile.Replace(path, System.Text.Encoding.UTF8.GetBytes(problem + "\n"));
    }

    private static string? Files(string folder, PointDisk disk, string? backing, string? parentRoot)
    {
        var image = new FileInfo(Path.Combine(folder, disk.File));
        if (!image.Exists) return $"{disk.File} is missing";
        if (image.Length != disk.FileSize) return $"{disk.File} has {image.Length} bytes, written were {disk.FileSize}";
        var header = Qcow2Header.Read(image.FullName);
        if (header.Size != disk.Size) return $"{disk.File} is an image of {header.Size} bytes, the disk has {disk.Size}";
        if (header.BackingFile != backing)
            return $"{disk.File} is built on {header.BackingFile ?? "nothing"}, and not on {backing ?? "nothing"}";
        if (disk.Hashes is not { Algorithm: HashBlock.Algorithm, BlockSize: HashBlock.Size }) return "its hashes are of a kind that this qbackup does not know";
        if (HashFileReader.DigestOf(Path.Combine(folder, disk.Hashes.File)) != disk.Hashes.Digest) return $"{disk.Hashes.File} was altered";
        return PointFile.Root(parentRoot, disk.Hashes.Digest) == disk.Hashes.Root ? null : "the point that it is built on is not the one that it was taken against";
    }

    private static string? ReadNote(string folder, PointDisk disk)
    {
        var path = Path.Combine(folder, disk.File + DamagedSuffix);
        if (!File.Exists(path)) return null;
        var text = File.ReadAllText(path).Trim();
        return $"found damaged earlier: {text[..Math.Min(text.Length, MaxNoteLength)]}";
    }
}

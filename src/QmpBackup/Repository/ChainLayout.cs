namespace QmpBackup.Repository;

/// <summary>
/// The names in a chain's folder. <c>POINT.json</c> describes a point and is written last; <c>POINT.part</c> marks one that is being taken. Each disk has a folder, the same one
/// in every point, with <c>POINT.qcow2</c> and what belongs to it. An increment's backing file is <c>PARENT.qcow2</c>, in the same folder: QEMU joins relative names level by
/// level, so a name with a folder in it would limit the length of a chain.
/// </summary>
internal static class ChainLayout
{
    public const string PointSuffix = ".json";
    public const string PartSuffix = ".part";
    public const string ImageSuffix = ".qcow2";
    public const string HashesSuffix = ".hashes";
    public const string JournalSuffix = ".journal";
    public const string DamageSuffix = ".damaged";
    public const string LockName = ".lock";

    /// <summary>The file that describes a point.</summary>
    /// <param name="point">The point's id.</param>
    public static string NameOf(string point) => point + PointSuffix;

    /// <summary>The point that a file belongs to; null where it belongs to none.</summary>
    /// <param name="fileName">A file's name, in the chain's folder or in that of a disk.</param>
    public static string? PointOf(string fileName) =>
        fileName.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && CheckpointId.TryParse(fileName[..dot], out var id) ? id.Value : null;

    /// <summary>The folder that a disk's path names, relative to the chain's folder; null where it is not that of this file of this disk.</summary>
    /// <param name="path">The path, as a point says it.</param>
    /// <param name="disk">The disk's name.</param>
    /// <param name="point">The point's id.</param>
    /// <param name="suffix">Which of the disk's files it is.</param>
    public static string? FolderIn(string path, string disk, string point, string suffix)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && path[(slash + 1)..] == point + suffix && SafeName.Is(path[..slash], disk) ? path[..slash] : null;
    }
}

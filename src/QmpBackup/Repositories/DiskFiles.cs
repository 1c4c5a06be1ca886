namespace QmpBackup.Repositories;

/// <summary>The files of one disk of a point, as absolute paths.</summary>
/// <param name="Image">The image.</param>
/// <param name="Hashes">The hashes of its blocks.</param>
/// <param name="Journal">How far the pull is, until it is complete.</param>
/// <param name="Backing">The image's backing file, relative to the image's folder; null for a full.</param>
internal sealed record DiskFiles(string Image, string Hashes, string Journal, string? Backing)
{
    public const string ImageSuffix = ".qcow2";
    public const string HashesSuffix = ".hashes";
    public const string JournalSuffix = ".journal";

    /// <summary>The files of a disk.</summary>
    /// <param name="folder">The point's folder.</param>
    /// <param name="name">The disk's safe name.</param>
    /// <param name="backing">The backing file.</param>
    public static DiskFiles In(string folder, string name, string? backing) => new(
        Path.Combine(folder, name + ImageSuffix), Path.Combine(folder, name + HashesSuffix), Path.Combine(folder, name + JournalSuffix), backing);
}

namespace QmpBackup.Repository;

/// <summary>The files of one disk of a point, as absolute paths. The folder may be one that is held open: then it is this very one, whatever has become of its name.</summary>
/// <param name="Name">The image's name, to tell.</param>
/// <param name="Folder">The disk's folder, which it has in every point of its chain.</param>
/// <param name="Image">The image.</param>
/// <param name="Hashes">The hashes of its blocks.</param>
/// <param name="Journal">How far the pull is, until it is complete.</param>
/// <param name="Damage">What a verification or a restore found.</param>
internal sealed record DiskFiles(string Name, string Folder, string Image, string Hashes, string Journal, string Damage)
{
    /// <summary>The files of a disk.</summary>
    /// <param name="folder">The disk's folder.</param>
    /// <param name="point">The point's id.</param>
    /// <param name="name">The folder's name, to tell; null for the same.</param>
    public static DiskFiles In(string folder, string point, string? name = null)
    {
        string Named(string suffix) => Path.Combine(folder, point + suffix);
        return new DiskFiles(Path.Combine(name ?? folder, point + ChainLayout.ImageSuffix), folder, Named(ChainLayout.ImageSuffix), Named(ChainLayout.HashesSuffix), Named(ChainLayout.JournalSuffix), Named(ChainLayout.DamageSuffix));
    }
}

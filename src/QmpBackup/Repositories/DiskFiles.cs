namespace QmpBackup.Repositories;

/// <summary>The files of one disk of a point, as absolute paths.</summary>
/// <param name="Folder">The disk's folder, which it has in every point of its chain.</param>
/// <param name="Image">The image.</param>
/// <param name="Hashes">The hashes of its blocks.</param>
/// <param name="Journal">How far the pull is, until it is complete.</param>
/// <param name="Damage">What a verification or a restore found.</param>
internal sealed record DiskFiles(string Folder, string Image, string Hashes, string Journal, string Damage)
{
    /// <summary>The files of a disk.</summary>
    /// <param name="folder">The disk's folder.</param>
    /// <param name="point">The point's id.</param>
    public static DiskFiles In(string folder, string point)
    {
        string Named(string suffix) => Path.Combine(folder, point + suffix);
        return new DiskFiles(folder, Named(ChainLayout.ImageSuffix), Named(ChainLayout.HashesSuffix), Named(ChainLayout.JournalSuffix), Named(ChainLayout.DamageSuffix));
    }
}

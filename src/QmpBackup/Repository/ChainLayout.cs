using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup.Repository;

/// <summary>
/// The names in a chain's folder. <c>POINT.json</c> describes a point and is written last; <c>POINT.part</c> marks one that is being taken.
/// Each disk has a folder, the same one in every point, with <c>POINT.qcow2</c> and what belongs to it. An increment's backing file is
/// <c>PARENT.qcow2</c>, in the same folder: QEMU joins relative names level by level, so a name with a folder in it would limit the length
/// of a chain.
/// </summary>
internal static class ChainLayout
{
    public const string PointSuffix = ".json";
    public const string PartSuffix = ".part";
    public const string ImageSuffix = ".qcow2";
    public const string HashesSuffix = ".hashes";
    public const string JournalSuffix = ".journal";
    public const string DamageSuffix = ".damaged";
    public const string PinSuffix = ".pin";

    /// <summary>The hashes of a point and of another one that is being merged into it.</summary>
    public const string MergedHashesSuffix = ".merged.hashes";

    /// <summary>A copy of an image that several points are built on, into which one of them is merged.</summary>
    public const string MergedImageSuffix = ".merged.qcow2";
    public const string LockName = ".lock";

    /// <summary>The file that describes a point.</summary>
    /// <param name="point">The point's id.</param>
    public static string NameOf(CheckpointId point) => $"{point}{PointSuffix}";

    /// <summary>The point that a file belongs to; null where it belongs to none.</summary>
    /// <param name="fileName">A file's name, in the chain's folder or in that of a disk.</param>
    public static CheckpointId? PointOf(string fileName) =>
        fileName.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && CheckpointId.TryParse(fileName[..dot], out var id) ? id
            : null;

    /// <summary>
    /// The folder in a path that a point names, relative to the chain's folder; null if the path is not that of this file of this disk.
    /// </summary>
    /// <param name="path">The path as the point names it.</param>
    /// <param name="disk">The disk's name.</param>
    /// <param name="point">The point's id.</param>
    /// <param name="suffix">Which of the disk's files it is.</param>
    public static string? FolderIn(string path, string disk, CheckpointId point, string suffix)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && path[(slash + 1)..] == $"{point}{suffix}" && SafeName.Is(path[..slash], disk) ? path[..slash] : null;
    }
}

/// <summary>
/// The files of one disk of a point, as absolute paths. The folder may be one that is held open: then the paths lead to this folder even if
/// it was renamed.
/// </summary>
/// <param name="Name">The image's name, for messages.</param>
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
    /// <param name="name">The folder's name, for messages; null for the path itself.</param>
    public static DiskFiles In(string folder, CheckpointId point, string? name = null)
    {
        string Named(string suffix) => Path.Combine(folder, $"{point}{suffix}");
        return new DiskFiles(Path.Combine(name ?? folder, $"{point}{ChainLayout.ImageSuffix}"), folder, Named(ChainLayout.ImageSuffix),
            Named(ChainLayout.HashesSuffix), Named(ChainLayout.JournalSuffix), Named(ChainLayout.DamageSuffix));
    }
}

/// <summary>Makes file names from the names of VMs and disks, whatever QEMU reports.</summary>
internal static class SafeName
{
    // Leaves room for suffixes, within the 255 bytes of common file systems.
    private const int MaxLength = 120;
    private const int HashLength = 32;
    private const char HashMark = '~';

    /// <summary>
    /// The file name of a name: letters, digits, <c>.</c>, <c>_</c>, <c>+</c> and <c>-</c> stay, every other byte of UTF-8 becomes
    /// <c>%XX</c>, as does a leading dot or dash. Different names get different file names; a long one is cut, and ends with a hash of the
    /// whole name.
    /// </summary>
    /// <param name="name">The name.</param>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0)
            return "%";
        var safe = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '+' || (c is '.' or '-' && safe.Length > 0))
                safe.Append(c);
            else
                safe.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            if (safe.Length > MaxLength)
                return Cut(safe.ToString(), name);
        }

        // This name belongs to the file system.
        if (safe.ToString() is "lost+found")
            return "lost%2Bfound";
        // The folder of a disk must not look like a file of a point.
        return ChainLayout.PointOf(safe + ".") is null && ChainLayout.PointOf(safe.ToString()) is null ? safe.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"%{(byte)safe[0]:X2}{safe.ToString(1, safe.Length - 1)}");
    }

    /// <summary>
    /// The file name of a name, in a folder where another one may differ only by case: some file systems do not tell them apart.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="taken">The file names in the folder.</param>
    public static string Of(string name, IEnumerable<string> taken)
    {
        var safe = Of(name);
        return taken.Any(other => other != safe && string.Equals(other, safe, StringComparison.OrdinalIgnoreCase)) ? Cut(safe, name) : safe;
    }

    /// <summary>Whether a file name is one that a name can get. Two names never get the same.</summary>
    /// <param name="fileName">The file name.</param>
    /// <param name="name">The name.</param>
    public static bool Is(string fileName, string name)
    {
        var safe = Of(name);
        return fileName == safe || fileName == Cut(safe, name);
    }

    private static string Cut(string safe, string name)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..HashLength];
        return $"{safe[..Math.Min(safe.Length, MaxLength - HashLength - 1)]}{HashMark}{hash}";
    }
}

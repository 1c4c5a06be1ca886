using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup.Repository;

/// <summary>Makes file names of the names of VMs and disks, whatever QEMU reports.</summary>
internal static class SafeName
{
    // Leaves room for what is put behind it, below the 255 bytes of common file systems.
    private const int MaxLength = 120;
    private const int HashLength = 32;
    private const char HashMark = '~';

    /// <summary>
    /// The file name of a name: letters, digits, <c>.</c>, <c>_</c>, <c>+</c> and <c>-</c> stay, every other byte of UTF-8 becomes <c>%XX</c>, as does a
    /// leading dot or dash. Different names get different file names; a long one is cut, with a hash of it all in place of the rest.
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

        // That is the file system's own.
        if (safe.ToString() is "lost+found")
            return "lost%2Bfound";
        // The folder of a disk must not look like a file of a point.
        return ChainLayout.PointOf(safe + ".") is null && ChainLayout.PointOf(safe.ToString()) is null ? safe.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"%{(byte)safe[0]:X2}{safe.ToString(1, safe.Length - 1)}");
    }

    /// <summary>The file name of a name, of which another one differs by case only in a place where that may not be enough.</summary>
    /// <param name="name">The name.</param>
    /// <param name="taken">The file names that are there.</param>
    public static string Of(string name, IEnumerable<string> taken)
    {
        var safe = Of(name);
        return taken.Any(other => other != safe && string.Equals(other, safe, StringComparison.OrdinalIgnoreCase)) ? Cut(safe, name) : safe;
    }

    /// <summary>Whether a file name is one that a name can get. Of two names, no two can get the same.</summary>
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

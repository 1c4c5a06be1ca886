using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace QmpBackup.Repositories;

/// <summary>Makes file names of the names of VMs and disks, whatever QEMU reports.</summary>
internal static class SafeName
{
    // Leaves room for what is put behind it, below the 255 bytes of common file systems.
    private const int MaxLength = 120;
    private const char HashMark = '~';

    /// <summary>
    /// The file name of a name: letters, digits, <c>.</c>, <c>_</c>, <c>+</c> and <c>-</c> stay, every other byte of UTF-8 becomes <c>%XX</c>, as does a
    /// leading dot or dash. Different names get different file names; a long one is cut, with a hash of it all in place of the rest.
    /// </summary>
    /// <param name="name">The name.</param>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0) return "%";
        var safe = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '+' || (c is '.' or '-' && safe.Length > 0)) safe.Append(c);
            else safe.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
            if (safe.Length > MaxLength) return Cut(safe.ToString(), name);
        }

        // That is the file system's own.
        return safe.ToString() is "lost+found" ? "lost%2Bfound" : safe.ToString();
    }

    /// <summary>The file name of a name, of which another one differs by case only in a place where that may not be enough.</summary>
    /// <param name="name">The name.</param>
    /// <param name="taken">The file names that are there.</param>
    public static string Of(string name, IEnumerable<string> taken)
    {
        var safe = Of(name);
        return taken.Any(other => other != safe && string.Equals(other, safe, StringComparison.OrdinalIgnoreCase)) ? Cut(safe, name) : safe;
    }

    private static string Cut(string safe, string name)
    {
        var hash = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(name));
        return string.Create(CultureInfo.InvariantCulture, $"{safe[..Math.Min(safe.Length, MaxLength - 17)]}{HashMark}{hash:x16}");
    }
}

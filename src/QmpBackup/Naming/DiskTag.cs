using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup.Naming;

/// <summary>What stands for a disk's name in the names of its bitmaps: disks may be called anything, and bitmaps not.</summary>
internal static class DiskTag
{
    private const int Length = 8;

    /// <summary>The tag of a disk: the first 32 bits of the SHA-256 of its name, in hexadecimal.</summary>
    /// <param name="disk">The disk's name.</param>
    public static string Of(string disk) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(disk)))[..Length];

    /// <summary>Whether it is of a tag's form.</summary>
    /// <param name="text">The text.</param>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}

using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup.Model;

/// <summary>What stands for a disk in the names of its bitmaps: disks and files may be called anything, and bitmaps not.</summary>
internal static class DiskTag
{
    private const int Length = 8;

    /// <summary>The tag of a disk: the first 32 bits, in hexadecimal, of the SHA-256 of its name, a zero byte, and the name of its image file.</summary>
    /// <param name="disk">The disk.</param>
    public static string Of(VmDisk disk) => Of(disk.Name, disk.Node.FileName);

    /// <inheritdoc cref="Of(VmDisk)"/>
    /// <param name="disk">The disk's name.</param>
    /// <param name="file">The file's name, as QEMU has it.</param>
    public static string Of(string disk, string file) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{disk}\0{file}")))[..Length];

    /// <summary>Whether it is of a tag's form.</summary>
    /// <param name="text">The text.</param>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}

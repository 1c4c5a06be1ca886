using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace QmpBackup;

/// <summary>
/// The name of a checkpoint bitmap. It holds all that a later run must know of the bitmap, so that asking QEMU is enough:
/// <c>qbackup.CHAIN.CHECKPOINT[.open][.PREDECESSOR][.twin].on-DISK</c>.
/// </summary>
/// <remarks>
/// A bitmap records what changed since its checkpoint. It carries the checkpoint's plain name only once the point is known to be safe:
/// while the backup is open the bitmap is called <c>….open</c>, and finish gives it its lasting name. An open bitmap in a VM with no open
/// backup is therefore the sign of a backup that a restart of QEMU interrupted. The predecessor is the bitmap that recorded until this one
/// began: for an open one, the bitmap to be given its bits back by abort; for a lasting one, the bitmap before it in a kept sequence. A
/// sequence whose links are not all there has a hole. The disk is its name and its image file when the point was taken, as a tag. An image
/// takes its bitmaps along when it comes back under another disk's name, and what changed in it since is no increment of that other disk.
/// And whoever takes a snapshot may give the new image an empty bitmap of the same name (libvirt does), which has missed what was recorded
/// below.
/// </remarks>
/// <param name="Chain">The chain.</param>
/// <param name="Checkpoint">The point in time that the bitmap is relative to.</param>
/// <param name="IsOpen">Whether the point is not yet known to be safe.</param>
/// <param name="Predecessor">The checkpoint of the bitmap before it.</param>
/// <param name="Disk">
/// What stands for the disk's name and file: eight hexadecimal digits. Null where the name does not say it, which none of ours omits.
/// </param>
public sealed record CheckpointBitmapName(
    ChainName Chain, CheckpointId Checkpoint, bool IsOpen = false, CheckpointId? Predecessor = null, string? Disk = null)
{
    private const string Prefix = "qbackup";
    private const string OpenMark = "open";
    private const string TwinMark = "twin";
    private const string DiskMark = "on-";

    /// <summary>
    /// Whether it is the twin of the bitmap that has the same name but for this: it records the same from the same moment on and is there
    /// to be compared with it. Where somebody clears one of the two, or stops it for a while, they differ.
    /// </summary>
    public bool IsTwin { get; init; }

    /// <summary>The name of this bitmap's twin.</summary>
    internal CheckpointBitmapName Twin => this with { IsTwin = true };

    /// <summary>Whether <paramref name="name"/> is in the part of the name space that is ours, well-formed or not.</summary>
    /// <param name="name">A bitmap's name; absent for QEMU's own, anonymous bitmaps.</param>
    /// <returns>Whether it begins as our names begin.</returns>
    public static bool IsReserved(string? name) => name is not null && name.StartsWith(Prefix + ".", StringComparison.Ordinal);

    /// <summary>Reads a name.</summary>
    /// <param name="text">A bitmap's name; absent for QEMU's own, anonymous bitmaps.</param>
    /// <param name="name">What it says.</param>
    /// <returns>Whether it is the name of a checkpoint bitmap.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out CheckpointBitmapName? name)
    {
        name = null;
        var parts = text?.Split('.') ?? [];
        if (parts.Length is < 3 or > 7 || parts[0] != Prefix || !ChainName.TryParse(parts[1], out var chain) || !CheckpointId.TryParse(
            parts[2], out var checkpoint))
        {
            return false;
        }

        var rest = parts.AsSpan(3);
        var open = rest.Length > 0 && rest[0] == OpenMark;
        if (open)
            rest = rest[1..];
        string? disk = null;
        if (rest.Length > 0 && rest[^1].StartsWith(DiskMark, StringComparison.Ordinal))
        {
            disk = rest[^1][DiskMark.Length..];
            if (!DiskTag.IsValid(disk))
                return false;
            rest = rest[..^1];
        }

        var twin = rest.Length > 0 && rest[^1] == TwinMark;
        if (twin)
            rest = rest[..^1];
        CheckpointId? predecessor = null;
        if (rest.Length > 0)
        {
            if (rest.Length > 1 || !CheckpointId.TryParse(rest[0], out var parsed))
                return false;
            predecessor = parsed;
        }

        name = new CheckpointBitmapName(chain, checkpoint, open, predecessor, disk) { IsTwin = twin };
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Prefix}.{Chain}.{Checkpoint}{(IsOpen ? "." + OpenMark : "")}{(Predecessor is { } before ? "." + before : "")}"
        + $"{(IsTwin ? "." + TwinMark : "")}{(Disk is { } disk ? $".{DiskMark}{disk}" : "")}";
}

/// <summary>What stands for a disk in the names of its bitmaps: disks and files may be called anything, and bitmaps not.</summary>
internal static class DiskTag
{
    private const int Length = 8;

    /// <summary>
    /// The tag of a disk: the first 32 bits, in hexadecimal, of the SHA-256 of its name, a zero byte, and the name of its image file.
    /// </summary>
    /// <param name="disk">The disk.</param>
    public static string Of(VmDisk disk) => Of(disk.Name, disk.Node.FileName);

    /// <inheritdoc cref="Of(VmDisk)"/>
    /// <param name="disk">The disk's name.</param>
    /// <param name="file">The file's name, as QEMU has it.</param>
    public static string Of(string disk, string file) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{disk}\0{file}")))[..Length];

    /// <summary>Whether it is of a tag's form.</summary>
    /// <param name="text">The text.</param>
    public static bool IsValid([NotNullWhen(true)] string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}

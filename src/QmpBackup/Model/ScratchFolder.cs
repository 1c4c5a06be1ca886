using System.Collections.Immutable;
using System.Text.Json;

namespace QmpBackup.Model;

/// <summary>A folder on this host with the name of a scratch folder, as the observer found it.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Tag">The tag of the checkpoint that it was made for, from the folder's name.</param>
internal sealed record ScratchFolder(string Path, string Tag)
{
    /// <summary>What its mark says; null where it has none, or none that can be read.</summary>
    public ScratchMark? Mark { get; init; }

    /// <summary>Whether it belongs to the user that QEMU runs as, or to this process, and no other user can write in it.</summary>
    public bool IsPrivate { get; init; }

    /// <summary>
    /// Whether a process holds an image in it open or listens at its socket, or the process of another VM that it was made for still runs.
    /// True as well where this cannot be told.
    /// </summary>
    public bool IsHeld { get; init; }

    /// <summary>The folders of backups that a restart of QEMU interrupted: a bitmap still has their tag.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static IEnumerable<ScratchFolder> Interrupted(VmState state, OpenBackup open) => state.Process is null ? [] :
        state.ScratchFolders.Where(f => f.Mark?.IsOf(state) != false
            && open.OpenBitmaps.Any(b => b.Bitmap.Checkpoint.Tag == f.Tag && !(open.IsOpen && b.Bitmap.Checkpoint == open.Checkpoint)));

    /// <summary>
    /// The folders of this VM's that QEMU knows nothing of any more, because it was killed: their marks say whose they are, and no process
    /// uses them.
    /// </summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static IEnumerable<ScratchFolder> Forgotten(VmState state, OpenBackup open) =>
        Unclaimed(state, open).Where(f => f.Mark?.IsOf(state) == true);

    /// <summary>The folders that no process uses and whose VM is unknown.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="open">The open or interrupted backup, as found in the VM.</param>
    public static IEnumerable<ScratchFolder> Unknown(VmState state, OpenBackup open) =>
        Unclaimed(state, open).Where(f => f.Mark?.IsOf(state) is null);

    private static IEnumerable<ScratchFolder> Unclaimed(VmState state, OpenBackup open) =>
        state.Process is null
            ? [] : state.ScratchFolders.Where(f => f.IsPrivate && !f.IsHeld && f.Path != open.ScratchFolder && !open.Tags.Contains(f.Tag));
}

/// <summary>Says in a scratch folder which VM it was made for: after QEMU was killed nothing else does.</summary>
internal sealed record ScratchMark
{
    /// <summary>The longest mark that is read, in bytes.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>The checkpoint that the backup was to take.</summary>
    public required CheckpointId Checkpoint { get; init; }

    /// <summary>The process id of the VM; 0 in marks without one.</summary>
    public int Pid { get; init; }

    /// <summary>When that process began, in ticks since the boot.</summary>
    public long BeganAt { get; init; }

    /// <summary>The VM's UUID; null where it has none.</summary>
    public string? Uuid { get; init; }

    /// <summary>The images of all the VM's disks, as QEMU names them.</summary>
    public ImmutableArray<string> Images { get; init; } = [];

    /// <summary>The mark for the folder of a backup that is to be opened.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    public static ScratchMark Of(VmState state, CheckpointId checkpoint) => new()
    {
        Checkpoint = checkpoint,
        // What passes QMP on to a QEMU may outlive it.
        Pid = state.Process is { IsQemu: true } process ? process.Pid : 0,
        BeganAt = state.Process?.BeganAt ?? 0,
        Uuid = state.Uuid,
        Images = [.. ImagesOf(state)],
    };

    /// <summary>Whether the folder was made for a VM.</summary>
    /// <param name="state">The VM.</param>
    /// <returns>True only for the same UUID, or none, and an image in common; null where it cannot be told.</returns>
    public bool? IsOf(VmState state)
    {
        if (Uuid is not null && state.Uuid is not null && !string.Equals(Uuid, state.Uuid, StringComparison.OrdinalIgnoreCase))
            return false;
        // Without a UUID a relative path may be that of another VM, in another directory.
        var shared = ImagesOf(state).Intersect(Images).Where(image => Uuid is not null || image.StartsWith('/'));
        var isComparable = (Uuid is null) == (state.Uuid is null);
        return isComparable && shared.Any() ? true : isComparable && Uuid is null && Images.Any(i => i.StartsWith('/')) ? false : null;
    }

    /// <summary>The mark as text.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SessionJsonContext.Default.ScratchMark);

    /// <summary>Reads a mark.</summary>
    /// <param name="text">The text, which QEMU's user could have written.</param>
    /// <param name="tag">The tag in the folder's name.</param>
    /// <returns>The mark; null if the text is not a mark, or is of another checkpoint.</returns>
    public static ScratchMark? TryParse(ReadOnlySpan<byte> text, string tag)
    {
        try
        {
            var mark = JsonSerializer.Deserialize(text, SessionJsonContext.Default.ScratchMark);
            // What a list may hold is not checked by the reader.
            return mark is { Images.IsDefault: false } && mark.Images.All(i => i is not null) && mark.Checkpoint.Tag == tag ? mark : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    // A disk that two VMs may use at once says nothing of either.
    private static IEnumerable<string> ImagesOf(VmState state) =>
        state.Disks.Where(d => !d.IsReadOnly && !d.IsShared).Select(d => d.Node.FileName).Where(f => f.Length > 0).Distinct();
}

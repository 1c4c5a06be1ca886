using QmpBackup.Naming;
using QmpBackup.Observe;

namespace QmpBackup.Chains;

/// <summary>A bitmap of ours: what its name says, and what QEMU says of it.</summary>
/// <param name="Name">The name, read.</param>
/// <param name="Bitmap">The bitmap.</param>
public sealed record ChainBitmap(CheckpointBitmapName Name, DirtyBitmap Bitmap)
{
    /// <summary>The checkpoint that it is relative to.</summary>
    public CheckpointId Checkpoint => Name.Checkpoint;

    /// <summary>The bitmap's name in QEMU.</summary>
    public string QemuName => Bitmap.Name!;

    /// <summary>QEMU recorded everything in it up to now.</summary>
    public bool IsSoundAndRecording => Bitmap is { IsRecording: true, IsInconsistent: false };

    /// <summary>It is complete and closed: a member of a kept sequence.</summary>
    public bool IsSoundAndClosed => Bitmap is { IsRecording: false, IsInconsistent: false };
}

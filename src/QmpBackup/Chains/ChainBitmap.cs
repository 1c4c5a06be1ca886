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

    /// <summary>Its twin, which has recorded the same and is there to be compared with it; null where there is none.</summary>
    public DirtyBitmap? Twin { get; init; }

    /// <summary>
    /// Whether it and its twin do not say the same: one of them was cleared or stopped for a while. Of two bitmaps that began together and of which one has missed something, one is part of the
    /// other: where they count the same, nothing is missing.
    /// </summary>
    public bool IsContradicted => Bitmap is { IsRecording: true, IsBusy: false } && Twin is { IsBusy: false } twin
        && (!twin.IsRecording || twin.IsInconsistent || twin.Count != Bitmap.Count || twin.Granularity != Bitmap.Granularity);

    /// <summary>QEMU recorded everything in it up to now, as far as can be told.</summary>
    public bool IsSoundAndRecording => Bitmap is { IsRecording: true, IsInconsistent: false } && !IsContradicted;

    /// <summary>It is complete and closed: a member of a kept sequence.</summary>
    public bool IsSoundAndClosed => Bitmap is { IsRecording: false, IsInconsistent: false };
}

namespace QmpBackup;

/// <summary>A bitmap of ours: what its name says, and what QEMU says of it.</summary>
/// <param name="Name">The name, read.</param>
/// <param name="Bitmap">The bitmap.</param>
internal sealed record ChainBitmap(CheckpointBitmapName Name, DirtyBitmap Bitmap)
{
    /// <summary>The checkpoint that it is relative to.</summary>
    public CheckpointId Checkpoint => Name.Checkpoint;

    /// <summary>The bitmap's name in QEMU.</summary>
    public string QemuName => Bitmap.Name!;

    /// <summary>Its twin, which has recorded the same and is there to be compared with it; null where there is none.</summary>
    public DirtyBitmap? Twin { get; init; }

    /// <summary>
    /// Whether it and its twin do not say the same: one of them was cleared or stopped for a while. Of two bitmaps that began together and of which one has missed something, one is part of the
    /// other: where they count the same, nothing is missing. The parent of an open backup is closed while its twin records on: of these two nothing can be said.
    /// </summary>
    public bool IsContradicted => Bitmap is { IsBusy: false, IsInconsistent: false } && Twin is { IsBusy: false } twin && (Bitmap.IsRecording || !twin.IsRecording)
        && (twin.IsRecording != Bitmap.IsRecording || twin.IsInconsistent || twin.Count != Bitmap.Count || twin.Granularity != Bitmap.Granularity);

    /// <summary>Whether its twin, which has recorded on while this one was closed for an open backup, may have all that this one has and no more than was recorded since.</summary>
    /// <param name="since">What the bitmap of the open backup counts.</param>
    internal bool IsPartOfTwin(long since) => Twin is not { IsRecording: true } twin || (twin.Count >= Math.Max(Bitmap.Count, since) && twin.Count <= Bitmap.Count + since);

    /// <summary>QEMU recorded everything in it up to now, as far as can be told.</summary>
    public bool IsSoundAndRecording => Bitmap is { IsRecording: true, IsInconsistent: false } && !IsContradicted;

    /// <summary>It is complete and closed: a member of a kept sequence.</summary>
    public bool IsSoundAndClosed => Bitmap is { IsRecording: false, IsInconsistent: false } && !IsContradicted;
}

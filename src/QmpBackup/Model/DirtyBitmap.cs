namespace QmpBackup;

/// <summary>A dirty bitmap on a node, as <c>query-named-block-nodes</c> reports it (QAPI <c>BlockDirtyInfo</c>).</summary>
public sealed record DirtyBitmap
{
    /// <summary>The name; null for the anonymous bitmaps that QEMU's own jobs and filters use.</summary>
    public string? Name { get; init; }

    /// <summary>The unit of recording, in bytes: a power of two.</summary>
    public long Granularity { get; init; }

    /// <summary>How much is marked dirty, in bytes.</summary>
    public long Count { get; init; }

    /// <summary>Whether new writes are recorded.</summary>
    public bool IsRecording { get; init; }

    /// <summary>Whether a job or an export holds it, so that it cannot be changed.</summary>
    public bool IsBusy { get; init; }

    /// <summary>Whether it is saved in the image when QEMU closes it.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether it was found damaged, because QEMU did not close the image properly: it can only be removed.</summary>
    public bool IsInconsistent { get; init; }
}

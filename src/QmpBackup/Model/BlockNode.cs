using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>A node of QEMU's block graph.</summary>
public sealed record BlockNode
{
    /// <summary>The node name. QEMU's own begin with <c>#</c> and are different after a restart.</summary>
    public required string Name { get; init; }

    /// <summary>The driver, such as <c>qcow2</c>, <c>raw</c> or <c>file</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>Whether the node cannot be written.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether it is inactive: the image belongs to the QEMU that the VM came from, until this one runs (QEMU 10.0 and later tell).</summary>
    public bool IsInactive { get; init; }

    /// <summary>How this very image is encrypted, such as <c>luks</c>; null where it is not.</summary>
    public string? Encryption { get; init; }

    /// <summary>The virtual size, in bytes.</summary>
    public long Size { get; init; }

    /// <summary>What the image takes of its storage, in bytes; null where QEMU does not know, 0 for a device.</summary>
    public long? AllocatedSize { get; init; }

    /// <summary>The file name, or a <c>json:</c> description where there is no simple name.</summary>
    public string FileName { get; init; } = "";

    /// <summary>The version of a qcow2 image, <c>0.10</c> or <c>1.1</c>; null for other formats.</summary>
    public string? Qcow2Compat { get; init; }

    /// <summary>The bitmaps on the node, in QEMU's order.</summary>
    public ImmutableArray<DirtyBitmap> Bitmaps { get; init; } = [];

    /// <summary>Whether the user gave the name, so that it is still the same after a restart.</summary>
    public bool HasUserGivenName => !Name.StartsWith('#');

    /// <summary>The bitmap with this name, or null.</summary>
    /// <param name="name">The bitmap's name.</param>
    public DirtyBitmap? FindBitmap(string? name) => name is null ? null : Bitmaps.FirstOrDefault(b => b.Name == name);
}

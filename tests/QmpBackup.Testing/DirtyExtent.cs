namespace QmpBackup.Testing;

/// <summary>A range of a block status: bytes, and the flags as the server gave them (1 = dirty for qemu:dirty-bitmap).</summary>
public readonly record struct DirtyExtent(long Offset, long Length, int Flags);

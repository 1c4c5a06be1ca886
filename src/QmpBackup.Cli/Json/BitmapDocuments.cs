namespace QmpBackup.Cli.Json;

/// <summary>What <c>bitmap list</c> prints.</summary>
internal sealed record BitmapListDocument(IReadOnlyList<DiskBitmapDto> Bitmaps) : Document;

/// <summary>What the commands that change a bitmap print: the bitmap after the change, null if it was removed.</summary>
internal sealed record BitmapChangeDocument(string Action, string? Disk, string Node, string Name, BitmapDto? Bitmap) : Document;

/// <summary>A dirty bitmap. <c>count</c> is in bytes.</summary>
internal sealed record BitmapDto(string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);

/// <summary>A dirty bitmap and where it is; <c>disk</c> is null for a node that is not a disk of the guest, such as a base image.</summary>
internal sealed record DiskBitmapDto(
    string? Disk, string Node, string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);

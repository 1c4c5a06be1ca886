namespace QmpBackup.Cli.Json;

/// <summary>What <c>bitmap list</c> prints.</summary>
internal sealed record BitmapListDocument(IReadOnlyList<DiskBitmapDto> Bitmaps) : Document;

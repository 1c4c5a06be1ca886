namespace QmpBackup.Cli.Json;

/// <summary>A dirty bitmap. <c>count</c> is in bytes.</summary>
internal sealed record BitmapDto(string Name, long Granularity, long Count, bool Recording, bool Busy, bool Persistent, bool Inconsistent);

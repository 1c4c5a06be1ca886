namespace QmpBackup.Cli.Json;

/// <summary>What the commands that change a bitmap print: the bitmap as it is then, null where it is gone.</summary>
internal sealed record BitmapChangeDocument(string Action, string? Disk, string Node, string Name, BitmapDto? Bitmap) : Document;

namespace QmpBackup.Cli.Json;

/// <summary>A disk, and what a backup would do with it. <c>level</c> is null where it would do nothing; <c>reason</c> says why.</summary>
internal sealed record InspectDiskDto
{
    public required string Name { get; init; }

    public required string Node { get; init; }

    public required string? Device { get; init; }

    public required string? Drive { get; init; }

    public required long Size { get; init; }

    public required string Format { get; init; }

    public required bool ReadOnly { get; init; }

    public required bool PersistentBitmaps { get; init; }

    public required bool Included { get; init; }

    public required string? Level { get; init; }

    public required string Reason { get; init; }

    public required string? Parent { get; init; }

    public required IReadOnlyList<BitmapDto> Bitmaps { get; init; }
}

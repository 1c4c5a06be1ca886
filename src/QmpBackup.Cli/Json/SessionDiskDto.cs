namespace QmpBackup.Cli.Json;

/// <summary>One disk of an open backup.</summary>
internal sealed record SessionDiskDto
{
    public required string Name { get; init; }

    public required string Node { get; init; }

    public required string? Device { get; init; }

    public required long Size { get; init; }

    public required string Level { get; init; }

    public required string Reason { get; init; }

    public required string? Parent { get; init; }

    public required string Export { get; init; }

    public required string Uri { get; init; }

    public required string? Bitmap { get; init; }

    public required string? MetaContext { get; init; }

    public required long? DirtyBytes { get; init; }

    public required long? Granularity { get; init; }
}

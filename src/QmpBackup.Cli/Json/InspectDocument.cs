namespace QmpBackup.Cli.Json;

/// <summary>
/// What <c>inspect</c> prints. <c>session</c>: the id of the open backup. <c>remarks</c>: what QEMU cannot back up, and what else the
/// user should know.
/// </summary>
internal sealed record InspectDocument(VmDto Vm, string? Session, string? Interrupted, string Chain, IReadOnlyList<InspectDiskDto> Disks)
    : Document
{
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

/// <summary>A VM.</summary>
internal sealed record VmDto(string? Name, string? Uuid, string Version, string? Status);

/// <summary>A disk, and what a backup would do with it. <c>level</c> is null if it would do nothing; <c>reason</c> says why.</summary>
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

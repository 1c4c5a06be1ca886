namespace QmpBackup.Cli.Json;

/// <summary>What <c>inspect</c> prints. <c>session</c> is the id of the open backup.</summary>
internal sealed record InspectDocument(VmDto Vm, string? Session, string? Interrupted, string Chain, IReadOnlyList<InspectDiskDto> Disks) : Document;

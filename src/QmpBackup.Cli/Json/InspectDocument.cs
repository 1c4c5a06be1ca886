namespace QmpBackup.Cli.Json;

/// <summary>What <c>inspect</c> prints. <c>session</c> is the id of the open backup, <c>remarks</c> what QEMU cannot back up and what else is to be known.</summary>
internal sealed record InspectDocument(VmDto Vm, string? Session, string? Interrupted, string Chain, IReadOnlyList<InspectDiskDto> Disks) : Document
{
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

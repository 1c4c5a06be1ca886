namespace QmpBackup.Cli.Json;

/// <summary>What <c>status</c> prints. <c>problem</c> is why what is read of the open backup cannot be trusted, <c>interrupted</c> the checkpoint of a backup that a restart of QEMU interrupted, <c>remarks</c> what has become of the VM meanwhile.</summary>
internal sealed record StatusDocument(SessionDto? Session, string? Problem, string? Interrupted, IReadOnlyList<ChainDto> Chains) : Document
{
    public IReadOnlyList<string> Remarks { get; init; } = [];
}

namespace QmpBackup.Cli.Json;

/// <summary>What <c>status</c> prints. <c>interrupted</c> is the checkpoint of a backup that a restart of QEMU interrupted.</summary>
internal sealed record StatusDocument(SessionDto? Session, string? Interrupted, IReadOnlyList<ChainDto> Chains) : Document;

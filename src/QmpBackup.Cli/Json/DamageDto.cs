namespace QmpBackup.Cli.Json;

/// <summary>A point whose description was altered.</summary>
internal sealed record DamageDto(string Vm, string Chain, string Id, string Problem);

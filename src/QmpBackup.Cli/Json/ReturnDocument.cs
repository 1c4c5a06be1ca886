using System.Text.Json;

namespace QmpBackup.Cli.Json;

/// <summary>What <c>qmp</c> prints: QEMU's answer as it came.</summary>
internal sealed record ReturnDocument(JsonElement Return) : Document;

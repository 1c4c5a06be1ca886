using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp;

/// <summary>The greeting of QEMU at the start of a session.</summary>
public sealed record QmpGreeting
{
    /// <summary>The version of QEMU. To decide what QEMU can do, prefer <see cref="QmpSchema"/>.</summary>
    [JsonPropertyName("version")]
    public required VersionInfo Version { get; init; }

    /// <summary>The protocol capabilities that QEMU offers, such as <c>oob</c>.</summary>
    [JsonPropertyName("capabilities")]
    public IReadOnlyList<string> Capabilities { get; init; } = [];
}

/// <summary>JSON metadata for the start of a session.</summary>
[JsonSourceGenerationOptions(
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    GenerationMode = JsonSourceGenerationMode.Metadata,
    MaxDepth = 1024)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(QmpGreeting))]
[JsonSerializable(typeof(QmpVoid))]
internal sealed partial class QmpClientJsonContext : JsonSerializerContext;

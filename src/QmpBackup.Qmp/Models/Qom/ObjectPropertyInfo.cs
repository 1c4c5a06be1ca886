using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A property of a QOM object (QAPI <c>ObjectPropertyInfo</c>, answer of <c>qom-list</c>, QEMU 1.2).</summary>
public sealed record ObjectPropertyInfo
{
    /// <summary>The name of the property.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The type, such as <c>bool</c>, <c>child&lt;virtio-blk-pci&gt;</c> or <c>link&lt;iothread&gt;</c>.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>What it is (QEMU 5.0).</summary>
    [JsonPropertyName("description")]
    public string? Description { get; init; }

    /// <summary>Its default (QEMU 5.0).</summary>
    [JsonPropertyName("default-value")]
    public JsonElement? DefaultValue { get; init; }
}

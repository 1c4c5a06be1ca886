using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>qom-list</c> (QEMU 1.2).</summary>
public sealed record QomListArguments
{
    /// <summary>The path of the object, absolute such as <c>/machine/peripheral</c>, or partial.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }
}

/// <summary>A property of a QOM object (QAPI <c>ObjectPropertyInfo</c>, answer of <c>qom-list</c>, QEMU 1.2).</summary>
public sealed record ObjectPropertyInfo
{
    /// <summary>The name of the property.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The type, such as <c>bool</c>, <c>child&lt;virtio-blk-pci&gt;</c> or <c>link&lt;iothread&gt;</c>.</summary>
    [JsonPropertyName("type")]
    public required string Type { get; init; }

    /// <summary>A description (QEMU 5.0).</summary>
    [JsonPropertyName("description")]
    public string? Description { get; init; }

    /// <summary>Its default (QEMU 5.0).</summary>
    [JsonPropertyName("default-value")]
    public JsonElement? DefaultValue { get; init; }
}

/// <summary>The arguments of <c>qom-get</c> (QEMU 1.2).</summary>
public sealed record QomGetArguments
{
    /// <summary>The path of the object, absolute such as <c>/machine/peripheral/disk0</c>, or partial.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>The name of the property.</summary>
    [JsonPropertyName("property")]
    public required string Property { get; init; }
}

/// <summary>The arguments of <c>qom-set</c> (QEMU 1.2).</summary>
public sealed record QomSetArguments
{
    /// <summary>The path of the object, absolute such as <c>/machine/peripheral/disk0</c>, or partial.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>The name of the property.</summary>
    [JsonPropertyName("property")]
    public required string Property { get; init; }

    /// <summary>The new value.</summary>
    [JsonPropertyName("value")]
    public required JsonElement Value { get; init; }
}

/// <summary>The arguments of <c>object-del</c> (QEMU 2.0).</summary>
public sealed record ObjectDelArguments
{
    /// <summary>The id of the object.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The export that <c>block-export-add</c> makes (QAPI <c>BlockExportOptions</c>, QEMU 5.2): a
/// <see cref="BlockExportOptionsNbd"/>, or a <see cref="BlockExportOptionsJson"/> for the other kinds.
/// </summary>
[JsonConverter(typeof(BlockExportOptionsConverter))]
public abstract record BlockExportOptions
{
    private protected BlockExportOptions()
    {
    }

    /// <summary>The kind of export.</summary>
    [JsonPropertyName("type")]
    [JsonPropertyOrder(-3)]
    public abstract string Type { get; }

    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    [JsonPropertyOrder(-2)]
    public required string Id { get; init; }

    /// <summary>The node to export.</summary>
    [JsonPropertyName("node-name")]
    [JsonPropertyOrder(-1)]
    public required string NodeName { get; init; }

    /// <summary>Whether clients may write; default false.</summary>
    [JsonPropertyName("writable")]
    public bool? Writable { get; init; }

    /// <summary>Whether every write is flushed before it is answered; default false.</summary>
    [JsonPropertyName("writethrough")]
    public bool? Writethrough { get; init; }

    /// <summary>The iothread to move the node to.</summary>
    [JsonPropertyName("iothread")]
    public string? Iothread { get; init; }

    /// <summary>Whether the export fails when the node cannot be moved to the iothread or is moved away later; default false.</summary>
    [JsonPropertyName("fixed-iothread")]
    public bool? FixedIothread { get; init; }

    /// <summary>Whether the node may be inactive (QEMU 10.0).</summary>
    [JsonPropertyName("allow-inactive")]
    public bool? AllowInactive { get; init; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

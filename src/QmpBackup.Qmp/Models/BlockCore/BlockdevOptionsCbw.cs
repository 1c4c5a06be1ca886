using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A filter that copies what is about to be overwritten (QAPI <c>BlockdevOptionsCbw</c>, QEMU 6.2).</summary>
public sealed record BlockdevOptionsCbw : BlockdevOptions
{
    /// <summary><c>copy-before-write</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "copy-before-write";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>The node that takes the old data.</summary>
    [JsonPropertyName("target")]
    public required BlockdevRef Target { get; init; }

    /// <summary>The bitmap of what to copy; null for everything (QEMU 7.0).</summary>
    [JsonPropertyName("bitmap")]
    public BlockDirtyBitmap? Bitmap { get; init; }

    /// <summary>What to do when copying fails; default break-guest-write (QEMU 7.1).</summary>
    [JsonPropertyName("on-cbw-error")]
    public OnCbwError? OnCbwError { get; init; }

    /// <summary>After how many seconds copying has failed; 0 for never (QEMU 7.1).</summary>
    [JsonPropertyName("cbw-timeout")]
    public long? CbwTimeout { get; init; }

    /// <summary>The fewest bytes of one copy (QEMU 9.2).</summary>
    [JsonPropertyName("min-cluster-size")]
    public long? MinClusterSize { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsCbw);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A file (QAPI <c>BlockdevOptionsFile</c>).</summary>
public sealed record BlockdevOptionsFile : BlockdevOptions
{
    /// <summary><c>file</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "file";

    /// <summary>The path, on the host of the VM.</summary>
    [JsonPropertyName("filename")]
    public required string Filename { get; init; }

    /// <summary>Whether the file is locked against other processes; default auto (QEMU 2.10).</summary>
    [JsonPropertyName("locking")]
    public OnOffAuto? Locking { get; init; }

    /// <summary>How it is accessed; default threads.</summary>
    [JsonPropertyName("aio")]
    public BlockdevAioOptions? Aio { get; init; }

    /// <summary>The most requests in one batch; 0 for the default (QEMU 6.2).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long? AioMaxBatch { get; init; }

    /// <summary>The id of the persistent reservation manager (QEMU 2.11).</summary>
    [JsonPropertyName("pr-manager")]
    public string? PrManager { get; init; }

    /// <summary>Whether the cache is dropped when a migration comes in; default true (QEMU 4.0).</summary>
    [JsonPropertyName("drop-cache")]
    public bool? DropCache { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsFile);
}

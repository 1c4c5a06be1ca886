using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A file to be made (QAPI <c>BlockdevCreateOptionsFile</c>, QEMU 2.12).</summary>
public sealed record BlockdevCreateOptionsFile : BlockdevCreateOptions
{
    /// <summary><c>file</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "file";

    /// <summary>The path, on the host of the VM. An existing file is overwritten.</summary>
    [JsonPropertyName("filename")]
    public required string Filename { get; init; }

    /// <summary>The size in bytes.</summary>
    [JsonPropertyName("size")]
    public required long Size { get; init; }

    /// <summary>How much is allocated at once; default off.</summary>
    [JsonPropertyName("preallocation")]
    public PreallocMode? Preallocation { get; init; }

    /// <summary>Whether to turn copy-on-write off, on btrfs.</summary>
    [JsonPropertyName("nocow")]
    public bool? NoCow { get; init; }

    /// <summary>The extent size hint in bytes, on XFS; 0 for none (QEMU 5.1).</summary>
    [JsonPropertyName("extent-size-hint")]
    public long? ExtentSizeHint { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevCreateOptionsFile);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A filter that copies blocks before they are overwritten (QAPI <c>BlockdevOptionsCbw</c>, QEMU 6.2).</summary>
public sealed record BlockdevOptionsCbw : BlockdevOptions
{
    /// <summary><c>copy-before-write</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "copy-before-write";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    /// <summary>The node that receives the old data.</summary>
    [JsonPropertyName("target")]
    public required BlockdevRef Target { get; init; }

    /// <summary>The bitmap of the blocks to copy; null for all blocks (QEMU 7.0).</summary>
    [JsonPropertyName("bitmap")]
    public BlockDirtyBitmap? Bitmap { get; init; }

    /// <summary>What to do when copying fails; default break-guest-write (QEMU 7.1).</summary>
    [JsonPropertyName("on-cbw-error")]
    public OnCbwError? OnCbwError { get; init; }

    /// <summary>The time limit for copying, in seconds; 0 for none (QEMU 7.1).</summary>
    [JsonPropertyName("cbw-timeout")]
    public long? CbwTimeout { get; init; }

    /// <summary>The smallest copy, in bytes (QEMU 9.2).</summary>
    [JsonPropertyName("min-cluster-size")]
    public long? MinClusterSize { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsCbw);
}

/// <summary>A filter that compresses writes (QAPI <c>BlockdevOptionsGenericFormat</c>, QEMU 5.0).</summary>
public sealed record BlockdevOptionsCompress : BlockdevOptions
{
    /// <summary><c>compress</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "compress";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsCompress);
}

/// <summary>
/// Reads the point in time that a copy-before-write filter below holds (QAPI <c>BlockdevOptionsGenericFormat</c>, QEMU 7.0).
/// </summary>
public sealed record BlockdevOptionsSnapshotAccess : BlockdevOptions
{
    /// <summary><c>snapshot-access</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "snapshot-access";

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsSnapshotAccess);
}

/// <summary>A filter with limits (QAPI <c>BlockdevOptionsThrottle</c>, QEMU 2.11).</summary>
public sealed record BlockdevOptionsThrottle : BlockdevOptions
{
    /// <summary><c>throttle</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "throttle";

    /// <summary>The id of the throttle group.</summary>
    [JsonPropertyName("throttle-group")]
    public required string ThrottleGroup { get; init; }

    /// <summary>The node below.</summary>
    [JsonPropertyName("file")]
    public required BlockdevRef File { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsThrottle);
}

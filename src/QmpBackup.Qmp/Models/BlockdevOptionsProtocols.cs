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

    /// <summary>The way of access; default threads.</summary>
    [JsonPropertyName("aio")]
    public BlockdevAioOptions? Aio { get; init; }

    /// <summary>The maximum number of requests in one batch; 0 for the default (QEMU 6.2).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long? AioMaxBatch { get; init; }

    /// <summary>The id of the persistent reservation manager (QEMU 2.11).</summary>
    [JsonPropertyName("pr-manager")]
    public string? PrManager { get; init; }

    /// <summary>Whether the cache is dropped on an incoming migration; default true (QEMU 4.0).</summary>
    [JsonPropertyName("drop-cache")]
    public bool? DropCache { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsFile);
}

/// <summary>A block device of the host (QAPI <c>BlockdevOptionsFile</c>).</summary>
public sealed record BlockdevOptionsHostDevice : BlockdevOptions
{
    /// <summary><c>host_device</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "host_device";

    /// <summary>The path, on the host of the VM.</summary>
    [JsonPropertyName("filename")]
    public required string Filename { get; init; }

    /// <summary>Whether the file is locked against other processes; default auto (QEMU 2.10).</summary>
    [JsonPropertyName("locking")]
    public OnOffAuto? Locking { get; init; }

    /// <summary>The way of access; default threads.</summary>
    [JsonPropertyName("aio")]
    public BlockdevAioOptions? Aio { get; init; }

    /// <summary>The maximum number of requests in one batch; 0 for the default (QEMU 6.2).</summary>
    [JsonPropertyName("aio-max-batch")]
    public long? AioMaxBatch { get; init; }

    /// <summary>The id of the persistent reservation manager (QEMU 2.11).</summary>
    [JsonPropertyName("pr-manager")]
    public string? PrManager { get; init; }

    /// <summary>Whether the cache is dropped on an incoming migration; default true (QEMU 4.0).</summary>
    [JsonPropertyName("drop-cache")]
    public bool? DropCache { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsHostDevice);
}

/// <summary>An export of an NBD server (QAPI <c>BlockdevOptionsNbd</c>).</summary>
public sealed record BlockdevOptionsNbd : BlockdevOptions
{
    /// <summary><c>nbd</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "nbd";

    /// <summary>The address of the server.</summary>
    [JsonPropertyName("server")]
    public required SocketAddress Server { get; init; }

    /// <summary>The name of the export; default empty.</summary>
    [JsonPropertyName("export")]
    public string? Export { get; init; }

    /// <summary>The id of the TLS credentials.</summary>
    [JsonPropertyName("tls-creds")]
    public string? TlsCreds { get; init; }

    /// <summary>The name to check the certificate against (QEMU 7.0).</summary>
    [JsonPropertyName("tls-hostname")]
    public string? TlsHostname { get; init; }

    /// <summary>Unstable: a metadata context to read as block status, such as <c>qemu:dirty-bitmap:NAME</c> (QEMU 3.0).</summary>
    [JsonPropertyName("x-dirty-bitmap")]
    public string? DirtyBitmap { get; init; }

    /// <summary>How long requests wait for a lost server, in seconds (QEMU 4.2).</summary>
    [JsonPropertyName("reconnect-delay")]
    public long? ReconnectDelay { get; init; }

    /// <summary>How long to try to connect, in seconds (QEMU 7.0).</summary>
    [JsonPropertyName("open-timeout")]
    public long? OpenTimeout { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsNbd);
}

/// <summary>Ignores writes and holds no data (QAPI <c>BlockdevOptionsNull</c>).</summary>
public sealed record BlockdevOptionsNullCo : BlockdevOptions
{
    /// <summary><c>null-co</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "null-co";

    /// <summary>The size in bytes; default 1 GiB.</summary>
    [JsonPropertyName("size")]
    public long? Size { get; init; }

    /// <summary>The latency of a request in nanoseconds.</summary>
    [JsonPropertyName("latency-ns")]
    public long? LatencyNs { get; init; }

    /// <summary>Whether reads return zeros, and not undefined data; default false.</summary>
    [JsonPropertyName("read-zeroes")]
    public bool? ReadZeroes { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsNullCo);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An export of an NBD server (QAPI <c>BlockdevOptionsNbd</c>).</summary>
public sealed record BlockdevOptionsNbd : BlockdevOptions
{
    /// <summary><c>nbd</c>.</summary>
    [JsonPropertyName("driver")]
    [JsonPropertyOrder(-3)]
    public override string Driver => "nbd";

    /// <summary>Where the server listens.</summary>
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

    /// <summary>For how many seconds requests wait for a lost server (QEMU 4.2).</summary>
    [JsonPropertyName("reconnect-delay")]
    public long? ReconnectDelay { get; init; }

    /// <summary>For how many seconds to try to connect (QEMU 7.0).</summary>
    [JsonPropertyName("open-timeout")]
    public long? OpenTimeout { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.BlockdevOptionsNbd);
}

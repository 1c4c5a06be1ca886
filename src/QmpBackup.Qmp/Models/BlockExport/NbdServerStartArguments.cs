using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>nbd-server-start</c> (QEMU 1.3).</summary>
public sealed record NbdServerStartArguments
{
    /// <summary>Where to listen.</summary>
    [JsonPropertyName("addr")]
    public required SocketAddressLegacy Address { get; init; }

    /// <summary>The id of the TLS credentials; without it there is no TLS (QEMU 2.6).</summary>
    [JsonPropertyName("tls-creds")]
    public string? TlsCreds { get; init; }

    /// <summary>The id of the authorisation object that says which clients may connect; without it none is asked (QEMU 4.0).</summary>
    [JsonPropertyName("tls-authz")]
    public string? TlsAuthz { get; init; }

    /// <summary>The most clients at a time; 0 for no limit (QEMU 5.2). The default depends on the version.</summary>
    [JsonPropertyName("max-connections")]
    public long? MaxConnections { get; init; }

    /// <summary>How long a client may take to negotiate; 0 for no limit (QEMU 10.0).</summary>
    [JsonPropertyName("handshake-max-seconds")]
    public long? HandshakeMaxSeconds { get; init; }
}

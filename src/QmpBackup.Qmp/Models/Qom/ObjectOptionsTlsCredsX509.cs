using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>X.509 certificates for TLS (QAPI <c>TlsCredsX509Properties</c>, QEMU 2.5).</summary>
public sealed record ObjectOptionsTlsCredsX509 : ObjectOptions
{
    /// <summary><c>tls-creds-x509</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "tls-creds-x509";

    /// <summary>The directory with the certificates, on the host of the VM.</summary>
    [JsonPropertyName("dir")]
    public string? Dir { get; init; }

    /// <summary>Which side of the connection; default client.</summary>
    [JsonPropertyName("endpoint")]
    public QCryptoTlsCredsEndpoint? Endpoint { get; init; }

    /// <summary>Whether the peer must show a valid certificate; default true.</summary>
    [JsonPropertyName("verify-peer")]
    public bool? VerifyPeer { get; init; }

    /// <summary>Whether the certificates are checked when they are loaded; default true.</summary>
    [JsonPropertyName("sanity-check")]
    public bool? SanityCheck { get; init; }

    /// <summary>The id of the secret that unlocks the key.</summary>
    [JsonPropertyName("passwordid")]
    public string? PasswordId { get; init; }

    /// <summary>The GnuTLS priority string.</summary>
    [JsonPropertyName("priority")]
    public string? Priority { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsTlsCredsX509);
}

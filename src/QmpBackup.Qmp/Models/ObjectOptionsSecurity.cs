using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A secret (QAPI <c>SecretProperties</c>, QEMU 2.6). Its data never appears in logs or in the text of this record.</summary>
public sealed record ObjectOptionsSecret : ObjectOptions
{
    /// <summary><c>secret</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "secret";

    /// <summary>The secret itself. Anyone who can read the QMP traffic can read it: prefer <see cref="File"/>.</summary>
    [JsonPropertyName("data")]
    public string? Data { get; init; }

    /// <summary>The file with the secret, on the host of the VM.</summary>
    [JsonPropertyName("file")]
    public string? File { get; init; }

    /// <summary>The encoding of the secret; default raw.</summary>
    [JsonPropertyName("format")]
    public QCryptoSecretFormat? Format { get; init; }

    /// <summary>The id of the secret that this one is encrypted with.</summary>
    [JsonPropertyName("keyid")]
    public string? KeyId { get; init; }

    /// <summary>The initialization vector of the encryption, in base64.</summary>
    [JsonPropertyName("iv")]
    public string? Iv { get; init; }

    /// <summary>The secret, without its data.</summary>
    /// <returns>The secret, without its data.</returns>
    public override string ToString() =>
        $"{nameof(ObjectOptionsSecret)} {{ Id = {Id}, Data = {(Data is null ? null : PayloadRedactor.Redacted)}, File = {File} }}";

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsSecret);
}

/// <summary>
/// The encoding of a secret (QAPI <c>QCryptoSecretFormat</c>, QEMU 2.6). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QCryptoSecretFormat>))]
public readonly record struct QCryptoSecretFormat(string Value) : IQapiString<QCryptoSecretFormat>
{
    /// <summary><c>raw</c>: unchanged, in UTF-8.</summary>
    public static QCryptoSecretFormat Raw { get; } = new("raw");

    /// <summary><c>base64</c>: in base64.</summary>
    public static QCryptoSecretFormat Base64 { get; } = new("base64");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QCryptoSecretFormat IQapiString<QCryptoSecretFormat>.FromString(string value) => new(value);
}

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

    /// <summary>The side of the connection; default client.</summary>
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

/// <summary>
/// The side of a TLS connection that credentials are for (QAPI <c>QCryptoTlsCredsEndpoint</c>, QEMU 2.5). Other versions of QEMU may
/// know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QCryptoTlsCredsEndpoint>))]
public readonly record struct QCryptoTlsCredsEndpoint(string Value) : IQapiString<QCryptoTlsCredsEndpoint>
{
    /// <summary><c>client</c>: the side that connects.</summary>
    public static QCryptoTlsCredsEndpoint Client { get; } = new("client");

    /// <summary><c>server</c>: the side that listens.</summary>
    public static QCryptoTlsCredsEndpoint Server { get; } = new("server");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QCryptoTlsCredsEndpoint IQapiString<QCryptoTlsCredsEndpoint>.FromString(string value) => new(value);
}

/// <summary>
/// Allows one identity (QAPI <c>AuthZSimpleProperties</c>, QEMU 4.0). For NBD over TLS the identity is the distinguished name of
/// the client certificate.
/// </summary>
public sealed record ObjectOptionsAuthzSimple : ObjectOptions
{
    /// <summary><c>authz-simple</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "authz-simple";

    /// <summary>The identity that is allowed.</summary>
    [JsonPropertyName("identity")]
    public required string Identity { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsAuthzSimple);
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// Which side of a TLS connection credentials are for (QAPI <c>QCryptoTlsCredsEndpoint</c>, QEMU 2.5). Other versions of QEMU may
/// know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QCryptoTlsCredsEndpoint>))]
public readonly record struct QCryptoTlsCredsEndpoint(string Value) : IQapiString<QCryptoTlsCredsEndpoint>
{
    /// <summary><c>client</c>: the side that connects.</summary>
    public static QCryptoTlsCredsEndpoint Client { get; } = new("client");

    /// <summary><c>server</c>: the side that is connected to.</summary>
    public static QCryptoTlsCredsEndpoint Server { get; } = new("server");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QCryptoTlsCredsEndpoint IQapiString<QCryptoTlsCredsEndpoint>.FromString(string value) => new(value);
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// How the data of a secret are written (QAPI <c>QCryptoSecretFormat</c>, QEMU 2.6). Other versions of QEMU may know other
/// values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<QCryptoSecretFormat>))]
public readonly record struct QCryptoSecretFormat(string Value) : IQapiString<QCryptoSecretFormat>
{
    /// <summary><c>raw</c>: as they are, in UTF-8.</summary>
    public static QCryptoSecretFormat Raw { get; } = new("raw");

    /// <summary><c>base64</c>: in base64.</summary>
    public static QCryptoSecretFormat Base64 { get; } = new("base64");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static QCryptoSecretFormat IQapiString<QCryptoSecretFormat>.FromString(string value) => new(value);
}

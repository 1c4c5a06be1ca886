using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A secret (QAPI <c>SecretProperties</c>, QEMU 2.6). It never appears in logs nor in the text of this record.</summary>
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

    /// <summary>How the secret is written; default raw.</summary>
    [JsonPropertyName("format")]
    public QCryptoSecretFormat? Format { get; init; }

    /// <summary>The id of the secret that this one is encrypted with.</summary>
    [JsonPropertyName("keyid")]
    public string? KeyId { get; init; }

    /// <summary>The initialisation vector of the encryption, in base64.</summary>
    [JsonPropertyName("iv")]
    public string? Iv { get; init; }

    /// <summary>The secret with its data left out.</summary>
    /// <returns>The secret with its data left out.</returns>
    public override string ToString() =>
        $"{nameof(ObjectOptionsSecret)} {{ Id = {Id}, Data = {(Data is null ? null : PayloadRedactor.Redacted)}, File = {File} }}";

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsSecret);
}

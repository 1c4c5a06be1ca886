using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// Lets one identity in (QAPI <c>AuthZSimpleProperties</c>, QEMU 4.0). For NBD over TLS the identity is the distinguished name of
/// the client certificate.
/// </summary>
public sealed record ObjectOptionsAuthzSimple : ObjectOptions
{
    /// <summary><c>authz-simple</c>.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public override string QomType => "authz-simple";

    /// <summary>The identity.</summary>
    [JsonPropertyName("identity")]
    public required string Identity { get; init; }

    internal override void WriteTo(Utf8JsonWriter writer) =>
        JsonSerializer.Serialize(writer, this, QmpJsonContext.Default.ObjectOptionsAuthzSimple);
}

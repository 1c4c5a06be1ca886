using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The object that <c>object-add</c> makes (QAPI <c>ObjectOptions</c>, QEMU 2.0). One of the records named ObjectOptions… in this
/// namespace.
/// </summary>
[JsonConverter(typeof(ObjectOptionsConverter))]
public abstract record ObjectOptions
{
    private protected ObjectOptions()
    {
    }

    /// <summary>The type of the object.</summary>
    [JsonPropertyName("qom-type")]
    [JsonPropertyOrder(-3)]
    public abstract string QomType { get; }

    /// <summary>The id of the object: a letter, then letters, digits, <c>-</c>, <c>.</c> and <c>_</c>.</summary>
    [JsonPropertyName("id")]
    [JsonPropertyOrder(-2)]
    public required string Id { get; init; }

    internal abstract void WriteTo(Utf8JsonWriter writer);
}

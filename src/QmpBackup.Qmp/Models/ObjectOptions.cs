using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// The object that <c>object-add</c> creates (QAPI <c>ObjectOptions</c>, QEMU 2.0). One of the records ObjectOptions… in this
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

/// <summary>An object to create, as JSON: for types and options that have no type in this library.</summary>
/// <remarks><see cref="Json"/> is sent unchanged; the other properties only show its content.</remarks>
public sealed record ObjectOptionsJson : ObjectOptions
{
    private readonly string _tag;

    private ObjectOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string QomType => _tag;

    /// <summary>The JSON object that is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Creates the options from a JSON object, without changes.</summary>
    /// <param name="element">The JSON object, with its <c>qom-type</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is not a JSON object, or a required member is missing.</exception>
    public static ObjectOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "qom-type")
            ?? throw new ArgumentException("Expected a JSON object with a string \"qom-type\".", nameof(element));
        return new(tag, element.Clone())
        {
            Id = QapiUnion.Member(element, "id") ?? throw new ArgumentException("The object has no string \"id\".", nameof(element)),
        };
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

internal sealed class ObjectOptionsConverter() : QapiUnionConverter<ObjectOptions>("qom-type")
{
    protected override ObjectOptions FromElement(string tag, JsonElement element) => Required(tag switch
    {
        "authz-simple" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsAuthzSimple),
        "tls-creds-x509" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsTlsCredsX509),
        "secret" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsSecret),
        "throttle-group" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsThrottleGroup),
        "iothread" => element.Deserialize(QmpJsonContext.Default.ObjectOptionsIothread),
        _ => ObjectOptionsJson.FromElement(element),
    });

    protected override void WriteBranch(Utf8JsonWriter writer, ObjectOptions value) => value.WriteTo(writer);
}

using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>An export to be made, written as JSON: the way to kinds and options that have no record here.</summary>
/// <remarks>What is sent is <see cref="Json"/> as it is; the other properties only show what is in it.</remarks>
public sealed record BlockExportOptionsJson : BlockExportOptions
{
    private readonly string _tag;

    private BlockExportOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string Type => _tag;

    /// <summary>The whole object as it is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Takes an object as it is.</summary>
    /// <param name="element">The whole object, with its <c>type</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is no JSON object, or a member that every such object has is missing.</exception>
    public static BlockExportOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "type")
            ?? throw new ArgumentException("Expected a JSON object with a string \"type\".", nameof(element));
        return new(tag, element.Clone())
        {
            Id = QapiUnion.Member(element, "id") ?? throw new ArgumentException("The object has no string \"id\".", nameof(element)),
            NodeName = QapiUnion.Member(element, "node-name")
                ?? throw new ArgumentException("The object has no string \"node-name\".", nameof(element)),
        };
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

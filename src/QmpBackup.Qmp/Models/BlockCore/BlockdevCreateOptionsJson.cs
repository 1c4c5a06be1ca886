using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>An image to be made, written as JSON: the way to drivers and options that have no record here.</summary>
/// <remarks>What is sent is <see cref="Json"/> as it is; the other properties only show what is in it.</remarks>
public sealed record BlockdevCreateOptionsJson : BlockdevCreateOptions
{
    private readonly string _tag;

    private BlockdevCreateOptionsJson(string tag, JsonElement json)
    {
        _tag = tag;
        Json = json;
    }

    /// <inheritdoc/>
    public override string Driver => _tag;

    /// <summary>The whole object as it is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>Takes an object as it is.</summary>
    /// <param name="element">The whole object, with its <c>driver</c>.</param>
    /// <returns>The options.</returns>
    /// <exception cref="ArgumentException">It is no JSON object, or a member that every such object has is missing.</exception>
    public static BlockdevCreateOptionsJson FromElement(JsonElement element)
    {
        var tag = QapiUnion.Member(element, "driver")
            ?? throw new ArgumentException("Expected a JSON object with a string \"driver\".", nameof(element));
        return new(tag, element.Clone());
    }

    internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

internal static class QapiUnion
{
    /// <summary>A string member of a JSON object, or null when there is none.</summary>
    public static string? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}

/// <summary>
/// Writes a QAPI union as its branch, and reads it by its discriminator. The discriminator may be at any place in the object: QEMU
/// guarantees no order of members.
/// </summary>
internal abstract class QapiUnionConverter<T>(string discriminator) : JsonConverter<T>
    where T : class
{
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var element = JsonElement.ParseValue(ref reader);
        var tag = QapiUnion.Member(element, discriminator)
            ?? throw new UnexpectedJsonException($"Expected an object with a string \"{discriminator}\" for {typeof(T).Name}.");
        return FromElement(tag, element);
    }

    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => WriteBranch(writer, value);

    protected abstract T FromElement(string tag, JsonElement element);

    protected abstract void WriteBranch(Utf8JsonWriter writer, T value);

    protected static T Required(T? value) => value ?? throw new UnexpectedJsonException($"Expected an object for {typeof(T).Name}.");
}

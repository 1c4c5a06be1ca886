using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Reads and writes an extensible QAPI enumeration as the string it is.</summary>
internal sealed class QapiStringConverter<T> : JsonConverter<T>
    where T : struct, IQapiString<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? T.FromString(reader.GetString()!)
            : throw new UnexpectedJsonException($"Expected a string for {typeof(T).Name}.");

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Value ?? throw new UnexpectedJsonException($"A {typeof(T).Name} has no value."));
}

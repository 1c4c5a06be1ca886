using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// A QAPI enumeration as a string. Later versions of QEMU add values, which a C# enum could not hold.
/// </summary>
internal interface IQapiString<TSelf>
    where TSelf : struct, IQapiString<TSelf>
{
    string Value { get; }

    static abstract TSelf FromString(string value);
}

/// <summary>Reads and writes a QAPI enumeration as a string.</summary>
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

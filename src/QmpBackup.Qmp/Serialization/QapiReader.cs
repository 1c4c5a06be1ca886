using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>Reads values of QEMU's schema. A wrong type or a missing member is an exception with a sentence of this library.</summary>
internal static class QapiReader
{
    /// <summary>Makes sure that the reader is at an object.</summary>
    public static void Start(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new UnexpectedJsonException("Expected an object.");
    }

    /// <summary>Goes to the name of the next member; false at the end of the object.</summary>
    public static bool Next(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>Whether the reader is at a member of this name. If so, it goes to the value.</summary>
    public static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueTextEquals(name) && reader.Read();

    public static bool IsNull(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Null;

    /// <summary>Skips a member that this library does not know.</summary>
    public static void Skip(ref Utf8JsonReader reader) => reader.Skip();

    /// <summary>Keeps a member that the schema does not list.</summary>
    public static void Keep(ref Utf8JsonReader reader, Dictionary<string, JsonElement> members)
    {
        var name = reader.GetString()!;
        reader.Read();
        members[name] = JsonElement.ParseValue(ref reader);
    }

    /// <param name="seen">A bit for each required member that was there.</param>
    /// <param name="all">The bits of all.</param>
    /// <param name="type">The record.</param>
    /// <param name="names">The names of the required members, with commas between them.</param>
    public static void Require(ulong seen, ulong all, string type, string names)
    {
        if (seen == all)
            return;
        var missing = names.Split(',').Where((_, index) => (seen & (1UL << index)) == 0);
        throw new UnexpectedJsonException($"A {type} lacks {string.Join(", ", missing)}.");
    }

    /// <summary>
    /// The discriminator of the union at the reader, which stays where it is: QEMU guarantees no order of members. Empty if the object has
    /// none: an older QEMU may send what became a union later (<c>query-sev</c> before 9.1).
    /// </summary>
    public static string Tag(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, string type)
    {
        var ahead = reader;
        if (ahead.TokenType != JsonTokenType.StartObject)
            throw Unexpected(type);
        while (Next(ref ahead))
        {
            if (Is(ref ahead, name))
                return ahead.TokenType == JsonTokenType.String ? ahead.GetString()! : throw Unexpected(type);
            ahead.Skip();
        }

        return "";
    }

    /// <summary>The discriminator of a union; empty if the object has none.</summary>
    public static string Tag(JsonElement element, string name, string type) =>
        element.ValueKind != JsonValueKind.Object ? throw Unexpected(type)
        : !element.TryGetProperty(name, out var value) ? ""
        : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unexpected(type);

    /// <summary>A reader at the beginning of an element.</summary>
    public static Utf8JsonReader Of(JsonElement element)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(element, QapiJson.Any);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 1024 });
        reader.Read();
        return reader;
    }

    public static JsonException Unexpected(string type) => new UnexpectedJsonException($"The JSON value is not a {type}.");

    public static string String(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw Expected("a string");

    public static bool Bool(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.True or JsonTokenType.False ? reader.GetBoolean() : throw Expected("true or false");

    public static int Int32(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var value) ? value : throw Expected("an integer");

    public static long Int64(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : throw Expected("an integer");

    public static ulong UInt64(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out var value) ? value : throw Expected("an integer");

    public static double Double(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) ? value : throw Expected("a number");

    public static JsonElement Any(ref Utf8JsonReader reader) => JsonElement.ParseValue(ref reader);

    public static ReadOnlyMemory<byte> Bytes(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out var value) ? value : throw Expected("base64");

    public static T Enum<T>(ref Utf8JsonReader reader)
        where T : struct, IQapiString<T> => T.FromString(String(ref reader));

    public static IReadOnlyList<T> List<T>(ref Utf8JsonReader reader, QapiRead<T> read)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Expected("a list");
        var items = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            items.Add(read(ref reader));
        return items;
    }

    private static UnexpectedJsonException Expected(string what) => new($"Expected {what}.");
}

using System.Buffers;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>Writes values of QEMU's schema. A member without a value is not written.</summary>
internal static class QapiWriter
{
    public static void String(Utf8JsonWriter writer, string value) => writer.WriteStringValue(value);

    public static void Bool(Utf8JsonWriter writer, bool value) => writer.WriteBooleanValue(value);

    public static void Int32(Utf8JsonWriter writer, int value) => writer.WriteNumberValue(value);

    public static void Int64(Utf8JsonWriter writer, long value) => writer.WriteNumberValue(value);

    public static void UInt64(Utf8JsonWriter writer, ulong value) => writer.WriteNumberValue(value);

    public static void Double(Utf8JsonWriter writer, double value) => writer.WriteNumberValue(value);

    public static void Any(Utf8JsonWriter writer, JsonElement value) => value.WriteTo(writer);

    public static void Bytes(Utf8JsonWriter writer, ReadOnlyMemory<byte> value) => writer.WriteBase64StringValue(value.Span);

    public static void Enum(Utf8JsonWriter writer, string? value) =>
        writer.WriteStringValue(value ?? throw new UnexpectedJsonException("An enumeration has no value."));

    public static void List<T>(Utf8JsonWriter writer, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray();
        foreach (var item in items)
            write(writer, item);
        writer.WriteEndArray();
    }

    public static void String(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }

    public static void Bool(Utf8JsonWriter writer, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } known)
            writer.WriteBoolean(name, known);
    }

    public static void Int32(Utf8JsonWriter writer, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } known)
            writer.WriteNumber(name, known);
    }

    public static void Int64(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } known)
            writer.WriteNumber(name, known);
    }

    public static void UInt64(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ulong? value)
    {
        if (value is { } known)
            writer.WriteNumber(name, known);
    }

    public static void Double(Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } known)
            writer.WriteNumber(name, known);
    }

    public static void Any(Utf8JsonWriter writer, ReadOnlySpan<byte> name, JsonElement? value)
    {
        if (value is not { ValueKind: not JsonValueKind.Undefined } known)
            return;
        writer.WritePropertyName(name);
        known.WriteTo(writer);
    }

    public static void Bytes(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlyMemory<byte>? value)
    {
        if (value is { } known)
            writer.WriteBase64String(name, known.Span);
    }

    public static void Enum<T>(Utf8JsonWriter writer, ReadOnlySpan<byte> name, T? value)
        where T : struct, IQapiString<T>
    {
        if (value is { } known)
            writer.WriteString(name, known.Value ?? throw new UnexpectedJsonException($"A {typeof(T).Name} has no value."));
    }

    public static void Object(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IQapiValue? value)
    {
        if (value is null)
            return;
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }

    public static void Objects(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<IQapiValue>? items)
    {
        if (items is null)
            return;
        writer.WritePropertyName(name);
        List(writer, items, static (writer, item) => item.WriteTo(writer));
    }

    public static void List<T>(
        Utf8JsonWriter writer, ReadOnlySpan<byte> name, IReadOnlyList<T>? items, Action<Utf8JsonWriter, T> write)
    {
        if (items is null)
            return;
        writer.WritePropertyName(name);
        List(writer, items, write);
    }

    /// <summary>Writes members that the schema does not list.</summary>
    public static void More(Utf8JsonWriter writer, IReadOnlyDictionary<string, JsonElement>? members)
    {
        foreach (var (name, value) in members ?? new Dictionary<string, JsonElement>())
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }

    /// <summary>Writes the members of an object next to those of another.</summary>
    public static void Inline(Utf8JsonWriter writer, IQapiValue value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var inner = new Utf8JsonWriter(buffer))
            value.WriteTo(inner);
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        foreach (var member in document.RootElement.EnumerateObject())
            member.WriteTo(writer);
    }
}

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>
/// JSON metadata of the generated types. Each type reads and writes itself, so metadata is made for one type at a time, and what a
/// program does not use is trimmed away.
/// </summary>
internal static class QapiJson
{
    private const int MaxDepth = 1024;

    private static readonly JsonSerializerOptions Options = new() { MaxDepth = MaxDepth, TypeInfoResolver = new NoResolver() };

    public static JsonTypeInfo<QmpVoid> Void => field ??= Make(new QmpVoidConverter());

    public static JsonTypeInfo<JsonElement> Any => field ??= Make<JsonElement>(QapiReader.Any, QapiWriter.Any);

    public static JsonTypeInfo<string> String => field ??= Make<string>(QapiReader.String, QapiWriter.String);

    public static JsonTypeInfo<bool> Bool => field ??= Make<bool>(QapiReader.Bool, QapiWriter.Bool);

    public static JsonTypeInfo<int> Int32 => field ??= Make<int>(QapiReader.Int32, QapiWriter.Int32);

    public static JsonTypeInfo<long> Int64 => field ??= Make<long>(QapiReader.Int64, QapiWriter.Int64);

    public static JsonTypeInfo<ulong> UInt64 => field ??= Make<ulong>(QapiReader.UInt64, QapiWriter.UInt64);

    public static JsonTypeInfo<double> Double => field ??= Make<double>(QapiReader.Double, QapiWriter.Double);

    public static JsonTypeInfo<T> Object<T>()
        where T : class, IQapiObject<T> => OfObject<T>.Info ??= Make(new QapiConverter<T>());

    public static JsonTypeInfo<T> Enum<T>()
        where T : struct, IQapiString<T> => Make(new QapiStringConverter<T>());

    public static JsonTypeInfo<IReadOnlyList<T>> List<T>(QapiRead<T> read, Action<Utf8JsonWriter, T> write) => Make<IReadOnlyList<T>>(
        (ref reader) => QapiReader.List(ref reader, read),
        (writer, items) => QapiWriter.List(writer, items, write));

    /// <summary>The JSON of a value, without secrets.</summary>
    public static string Text(IQapiValue value) => PayloadRedactor.Redact(Bytes(value), MaxDepth);

    /// <summary>Whether both are of one type and have the same JSON.</summary>
    public static bool AreEqual(IQapiValue value, IQapiValue? other) => ReferenceEquals(value, other)
        || other is not null && value.GetType() == other.GetType() && Bytes(value).SequenceEqual(Bytes(other));

    public static int Hash(IQapiValue value)
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes(value));
        return hash.ToHashCode();
    }

    private static ReadOnlySpan<byte> Bytes(IQapiValue value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = MaxDepth });
        value.WriteTo(writer);
        writer.Flush();
        return buffer.WrittenSpan;
    }

    private static JsonTypeInfo<T> Make<T>(QapiRead<T> read, Action<Utf8JsonWriter, T> write) =>
        Make(new QapiMethodsConverter<T>(read, write));

    private static JsonTypeInfo<T> Make<T>(JsonConverter<T> converter) => JsonMetadataServices.CreateValueInfo<T>(Options, converter);

    private static class OfObject<T>
    {
        public static JsonTypeInfo<T>? Info { get; set; }
    }

    /// <summary>The metadata above is complete: nothing is looked up.</summary>
    private sealed class NoResolver : IJsonTypeInfoResolver
    {
        public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) => null;
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>A type of QEMU's schema, with what the schema says about it.</summary>
public interface IQapiType
{
    /// <summary>What the schema says about the type and its members.</summary>
    static abstract QapiFacts Qapi { get; }
}

/// <summary>The data of an event of QEMU.</summary>
/// <typeparam name="TSelf">The record of the data.</typeparam>
public interface IQapiEvent<TSelf>
{
    /// <summary>The name of the event, such as <c>JOB_STATUS_CHANGE</c>.</summary>
    static abstract string EventName { get; }

    /// <summary>JSON metadata of the data.</summary>
    static abstract JsonTypeInfo<TSelf> JsonTypeInfo { get; }
}

/// <summary>A value of QEMU's schema that writes itself.</summary>
internal interface IQapiValue
{
    void WriteTo(Utf8JsonWriter writer);
}

/// <summary>A record of QEMU's schema that reads itself.</summary>
internal interface IQapiObject<TSelf> : IQapiValue
    where TSelf : class, IQapiObject<TSelf>
{
    static abstract TSelf ReadFrom(ref Utf8JsonReader reader);
}

/// <summary>Reads and writes a record of QEMU's schema, for contexts of the caller.</summary>
internal class QapiConverter<T> : JsonConverter<T>
    where T : class, IQapiObject<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => T.ReadFrom(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => value.WriteTo(writer);
}

/// <summary>For alternates, where a JSON null has another meaning than a missing member.</summary>
internal sealed class QapiNullableConverter<T> : QapiConverter<T>
    where T : class, IQapiObject<T>
{
    public override bool HandleNull => true;
}

internal delegate T QapiRead<T>(ref Utf8JsonReader reader);

/// <summary>Reads and writes any value by two methods.</summary>
internal sealed class QapiMethodsConverter<T>(QapiRead<T> read, Action<Utf8JsonWriter, T> write) : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => read(ref reader);

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => write(writer, value);
}

using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>Something that QEMU reports on its own.</summary>
public sealed class QmpEvent
{
    /// <summary>The name, such as <c>JOB_STATUS_CHANGE</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it happened by the host's clock, to the microsecond; null when QEMU could not tell.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>What comes with it: a JSON object, empty when QEMU sent none. It stays valid for as long as it is held.</summary>
    public required JsonElement Data { get; init; }

    /// <summary>What it takes in memory, in bytes, about.</summary>
    internal long Size { get; init; }

    /// <summary>Reads the data as a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="typeInfo">How to read it, from a source-generated context.</param>
    /// <returns>The data.</returns>
    /// <exception cref="QmpProtocolException">The data is not of this type.</exception>
    public T GetData<T>(JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(typeInfo);
        try
        {
            return Data.Deserialize(typeInfo) ?? throw new UnexpectedJsonException("The data is null.");
        }
        catch (JsonException exception)
        {
            throw new QmpProtocolException(
                $"The data of the event {PeerText.Escape(Name)} is not what was expected. {UnexpectedJsonException.Explain(exception)}", exception);
        }
    }

    /// <summary>Reads the data of an event of a known kind.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="eventType">The kind of event, from <see cref="QmpEvents"/>.</param>
    /// <returns>The data.</returns>
    /// <exception cref="ArgumentException">This event is of another kind.</exception>
    /// <exception cref="QmpProtocolException">The data is not of this type.</exception>
    public T GetData<T>(QmpEventType<T> eventType)
    {
        ArgumentNullException.ThrowIfNull(eventType);
        return Is(eventType)
            ? GetData(eventType.DataTypeInfo)
            : throw new ArgumentException($"This is a {Name}, not a {eventType.Name}.", nameof(eventType));
    }

    /// <summary>Reads the data if the event is of a certain kind.</summary>
    /// <typeparam name="T">The type of the data.</typeparam>
    /// <param name="eventType">The kind of event, from <see cref="QmpEvents"/>.</param>
    /// <param name="data">The data, or the default when the event is of another kind.</param>
    /// <returns>Whether the event is of this kind.</returns>
    /// <exception cref="QmpProtocolException">The event is of this kind and its data is not of this type.</exception>
    public bool TryGetData<T>(QmpEventType<T> eventType, [MaybeNullWhen(false)] out T data)
    {
        ArgumentNullException.ThrowIfNull(eventType);
        var matches = Is(eventType);
        data = matches ? GetData(eventType.DataTypeInfo) : default;
        return matches;
    }

    /// <summary>Whether the event is of a certain kind.</summary>
    /// <param name="eventType">The kind of event, from <see cref="QmpEvents"/>.</param>
    /// <returns>Whether the names are the same.</returns>
    public bool Is(QmpEventType eventType)
    {
        ArgumentNullException.ThrowIfNull(eventType);
        return string.Equals(Name, eventType.Name, StringComparison.Ordinal);
    }

    /// <summary>The name and the data.</summary>
    /// <returns>The name and the data, with control characters escaped.</returns>
    public override string ToString() => PeerText.Escape($"{Name} {Data}");
}

/// <summary>A kind of event.</summary>
public abstract class QmpEventType
{
    private protected QmpEventType(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        Name = name;
    }

    /// <summary>The name, such as <c>JOB_STATUS_CHANGE</c>.</summary>
    public string Name { get; }

    /// <summary>The name.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;
}

/// <summary>A kind of event and the type of its data.</summary>
/// <typeparam name="TData">The type of the data; <see cref="QmpVoid"/> for none.</typeparam>
public sealed class QmpEventType<TData> : QmpEventType
{
    /// <summary>Describes a kind of event.</summary>
    /// <param name="name">The name.</param>
    /// <param name="dataTypeInfo">How the data is read, from a source-generated context.</param>
    public QmpEventType(string name, JsonTypeInfo<TData> dataTypeInfo)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(dataTypeInfo);
        DataTypeInfo = dataTypeInfo;
    }

    /// <summary>How the data is read.</summary>
    public JsonTypeInfo<TData> DataTypeInfo { get; }
}

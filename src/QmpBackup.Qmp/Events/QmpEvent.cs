using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>An event: a message that QEMU sends on its own.</summary>
public sealed class QmpEvent
{
    /// <summary>The name, such as <c>JOB_STATUS_CHANGE</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it happened, by the clock of QEMU's host, in microseconds; null when QEMU does not know.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>The data of the event: a JSON object, empty when QEMU sent none. It is a copy and stays valid.</summary>
    public required JsonElement Data { get; init; }

    /// <summary>The approximate size in memory, in bytes.</summary>
    internal long Size { get; init; }

    /// <summary>Reads the data as a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <param name="typeInfo">JSON metadata of the type, from a source-generated context.</param>
    /// <returns>The data.</returns>
    /// <exception cref="QmpProtocolException">The data does not have this type.</exception>
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
                $"The data of the event {PeerText.Escape(Name)} is not what was expected. {UnexpectedJsonException.Explain(exception)}",
                exception);
        }
    }

    /// <summary>Reads the data of an event of QEMU's schema.</summary>
    /// <typeparam name="TData">The record of the data.</typeparam>
    /// <returns>The data.</returns>
    /// <exception cref="InvalidOperationException">This event has another type.</exception>
    /// <exception cref="QmpProtocolException">The data does not have this type.</exception>
    public TData GetData<TData>()
        where TData : class, IQapiEvent<TData> => Is<TData>()
            ? GetData(TData.JsonTypeInfo)
            : throw new InvalidOperationException($"This event is {Name}, not {TData.EventName}.");

    /// <summary>Reads the data if the event has the given type.</summary>
    /// <typeparam name="TData">The record of the data.</typeparam>
    /// <param name="data">The data, or null when the event has another type.</param>
    /// <returns>Whether the event has this type.</returns>
    /// <exception cref="QmpProtocolException">The event has this type, but its data does not.</exception>
    public bool TryGetData<TData>([NotNullWhen(true)] out TData? data)
        where TData : class, IQapiEvent<TData>
    {
        data = Is<TData>() ? GetData(TData.JsonTypeInfo) : null;
        return data is not null;
    }

    /// <summary>Whether the event has the given type.</summary>
    /// <typeparam name="TData">The record of its data.</typeparam>
    /// <returns>True when the names are equal.</returns>
    public bool Is<TData>()
        where TData : class, IQapiEvent<TData> => string.Equals(Name, TData.EventName, StringComparison.Ordinal);

    /// <summary>The name and the data.</summary>
    /// <returns>The name and the data, with control characters escaped.</returns>
    public override string ToString() => PeerText.Escape($"{Name} {Data}");
}

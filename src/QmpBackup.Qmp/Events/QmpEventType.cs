using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

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

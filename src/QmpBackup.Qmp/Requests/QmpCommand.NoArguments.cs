using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>A QMP command that takes no arguments: its name and the type of its answer.</summary>
/// <typeparam name="TResult">The type of the answer; <see cref="QmpVoid"/> for none.</typeparam>
public sealed class QmpCommand<TResult>
{
    /// <summary>Describes a command.</summary>
    /// <param name="name">The name of the command.</param>
    /// <param name="resultTypeInfo">How the answer is read, from a source-generated context.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public QmpCommand(string name, JsonTypeInfo<TResult> resultTypeInfo)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(resultTypeInfo);
        Name = name;
        Request = new(name, arguments: null, resultTypeInfo);
    }

    /// <summary>The name of the command, such as <c>query-jobs</c>.</summary>
    public string Name { get; }

    /// <summary>The request.</summary>
    public QmpRequest<TResult> Request { get; }

    /// <summary>The name of the command.</summary>
    /// <returns>The name of the command.</returns>
    public override string ToString() => Name;
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>A QMP command with arguments: its name, the type of its arguments and the type of its answer.</summary>
/// <typeparam name="TArguments">The type of the arguments; its JSON must be an object.</typeparam>
/// <typeparam name="TResult">The type of the answer; <see cref="QmpVoid"/> for none.</typeparam>
public sealed class QmpCommand<TArguments, TResult>
{
    private readonly string? _facts;

    /// <summary>Describes a command.</summary>
    /// <param name="name">The name of the command.</param>
    /// <param name="argumentsTypeInfo">JSON metadata of the arguments, from a source-generated context.</param>
    /// <param name="resultTypeInfo">JSON metadata of the answer, from a source-generated context.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public QmpCommand(string name, JsonTypeInfo<TArguments> argumentsTypeInfo, JsonTypeInfo<TResult> resultTypeInfo)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(argumentsTypeInfo);
        ArgumentNullException.ThrowIfNull(resultTypeInfo);
        Name = name;
        ArgumentsTypeInfo = argumentsTypeInfo;
        ResultTypeInfo = resultTypeInfo;
    }

    internal QmpCommand(
        string name, JsonTypeInfo<TArguments> argumentsTypeInfo, JsonTypeInfo<TResult> resultTypeInfo, string facts)
        : this(name, argumentsTypeInfo, resultTypeInfo) => _facts = facts;

    /// <summary>The name of the command, such as <c>blockdev-add</c>.</summary>
    public string Name { get; }

    /// <summary>What QEMU's schema says about the command; null for a command that is not from the schema.</summary>
    public QapiFacts? Qapi => _facts is null ? null : QapiFacts.Parse(_facts);

    /// <summary>JSON metadata of the arguments.</summary>
    public JsonTypeInfo<TArguments> ArgumentsTypeInfo { get; }

    /// <summary>JSON metadata of the answer.</summary>
    public JsonTypeInfo<TResult> ResultTypeInfo { get; }

    /// <summary>The request without arguments, where all are optional.</summary>
    internal QmpRequest<TResult> Bare => new(Name, arguments: null, ResultTypeInfo);

    /// <summary>Creates a request. The arguments are serialized now: later changes to them have no effect.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <returns>The request.</returns>
    /// <exception cref="ArgumentException">The JSON of the arguments is not an object.</exception>
    public QmpRequest<TResult> With(TArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var element = JsonSerializer.SerializeToElement(arguments, ArgumentsTypeInfo);
        return element.ValueKind == JsonValueKind.Object
            ? new(Name, element, ResultTypeInfo)
            : throw new ArgumentException("The arguments of a QMP command must be a JSON object.", nameof(arguments));
    }

    /// <summary>The name of the command.</summary>
    /// <returns>The name of the command.</returns>
    public override string ToString() => Name;
}

/// <summary>A QMP command without arguments: its name and the type of its answer.</summary>
/// <typeparam name="TResult">The type of the answer; <see cref="QmpVoid"/> for none.</typeparam>
public sealed class QmpCommand<TResult>
{
    private readonly string? _facts;

    /// <summary>Describes a command.</summary>
    /// <param name="name">The name of the command.</param>
    /// <param name="resultTypeInfo">JSON metadata of the answer, from a source-generated context.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public QmpCommand(string name, JsonTypeInfo<TResult> resultTypeInfo)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(resultTypeInfo);
        Name = name;
        Request = new(name, arguments: null, resultTypeInfo);
    }

    internal QmpCommand(string name, JsonTypeInfo<TResult> resultTypeInfo, string facts)
        : this(name, resultTypeInfo) => _facts = facts;

    /// <summary>The name of the command, such as <c>query-jobs</c>.</summary>
    public string Name { get; }

    /// <summary>What QEMU's schema says about the command; null for a command that is not from the schema.</summary>
    public QapiFacts? Qapi => _facts is null ? null : QapiFacts.Parse(_facts);

    /// <summary>The request.</summary>
    public QmpRequest<TResult> Request { get; }

    /// <summary>The name of the command.</summary>
    /// <returns>The name of the command.</returns>
    public override string ToString() => Name;
}

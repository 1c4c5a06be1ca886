using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>One QMP command with its arguments, and the type of its answer. Immutable.</summary>
/// <typeparam name="TResult">The type of the answer.</typeparam>
public sealed class QmpRequest<TResult> : QmpRequest
{
    internal QmpRequest(string command, JsonElement? arguments, JsonTypeInfo<TResult> resultTypeInfo, bool outOfBand = false)
        : base(command, arguments, outOfBand) => ResultTypeInfo = resultTypeInfo;

    /// <summary>How the answer is read.</summary>
    public JsonTypeInfo<TResult> ResultTypeInfo { get; }

    /// <summary>The same request, sent out of band.</summary>
    /// <returns>The request with <see cref="QmpRequest.OutOfBand"/> set.</returns>
    public new QmpRequest<TResult> AsOutOfBand() => new(Command, Arguments, ResultTypeInfo, outOfBand: true);
}

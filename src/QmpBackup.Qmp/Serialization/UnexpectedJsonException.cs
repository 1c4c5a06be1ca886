using System.Globalization;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>A peer sent JSON that is not what it should be. The message is a sentence of this library, unlike those of the JSON reader.</summary>
internal sealed class UnexpectedJsonException(string message) : JsonException(message)
{
    /// <summary>Says in a sentence why a message could not be read.</summary>
    /// <param name="failure">What reading it threw.</param>
    public static string Explain(Exception failure) => PeerText.Escape(failure switch
    {
        UnexpectedJsonException or JsonFrameException => failure.Message,
        // The reader's own, which is not public.
        JsonException { BytePositionInLine: { } position } e when e.GetType() != typeof(JsonException) =>
            string.Create(CultureInfo.InvariantCulture, $"It is not valid JSON, from byte {position} on."),
        JsonException { Path: { Length: > 1 } path } => $"The value at {PeerText.Escape(path, 256)} is missing a member, or has the wrong type.",
        JsonException => "A member is missing, or has the wrong type.",
        _ => "It makes no sense.",
    });
}

/// <summary>A stream does not hold the JSON objects that were expected of it.</summary>
internal sealed class JsonFrameException(JsonFrameFault fault, string message) : Exception(message)
{
    public JsonFrameFault Fault { get; } = fault;
}

internal enum JsonFrameFault
{
    /// <summary>A message does not begin with a brace.</summary>
    NotAnObject,

    /// <summary>A message is larger than allowed.</summary>
    TooLarge,

    /// <summary>A message is nested more deeply than allowed.</summary>
    TooDeep,

    /// <summary>The stream ended inside a message.</summary>
    Truncated,
}

using System.Globalization;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>The peer sent unexpected JSON. The message is a sentence of this library, unlike the messages of the JSON reader.</summary>
internal sealed class UnexpectedJsonException(string message) : JsonException(message)
{
    /// <summary>Explains in a sentence why a message could not be read.</summary>
    /// <param name="failure">The exception from reading it.</param>
    public static string Explain(Exception failure) => PeerText.Escape(failure switch
    {
        UnexpectedJsonException or JsonFrameException => failure.Message,
        // The type that the JSON reader throws; it is not public.
        JsonException { BytePositionInLine: { } position } e when e.GetType() != typeof(JsonException) =>
            string.Create(CultureInfo.InvariantCulture, $"It is not valid JSON at byte {position}."),
        JsonException { Path: { Length: > 1 } path } =>
            $"The value at {PeerText.Escape(path, 256)} lacks a member or has the wrong type.",
        JsonException => "A member is missing or has the wrong type.",
        _ => "It could not be read.",
    });
}

/// <summary>The bytes of a stream are not a sequence of JSON objects.</summary>
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

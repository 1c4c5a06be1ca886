using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>The kind of a message and the position of its parts, found in one pass. The members may have any order.</summary>
internal readonly record struct QmpEnvelope
{
    public QmpMessageKind Kind { get; private init; }

    /// <summary>The id, when it is a number as this client sends it.</summary>
    public long? Id { get; private init; }

    /// <summary>Whether the message has an id of any type.</summary>
    public bool HasId { get; private init; }

    /// <summary>The position of the value of <c>return</c>, <c>data</c> or <c>QMP</c>; empty when there is none.</summary>
    public Range Payload { get; private init; }

    public string? EventName { get; private init; }

    public DateTimeOffset? Timestamp { get; private init; }

    public string? ErrorClass { get; private init; }

    public string? ErrorDescription { get; private init; }

    /// <exception cref="JsonException">The message is not a JSON object, or one of these members has the wrong type.</exception>
    public static QmpEnvelope Parse(ReadOnlySpan<byte> message, int maxDepth)
    {
        var reader = new Utf8JsonReader(message, new JsonReaderOptions { MaxDepth = maxDepth });
        QmpEnvelope result = default;
        Range data = default;
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("return"u8))
                result = result with { Kind = Stronger(result.Kind, QmpMessageKind.Return), Payload = ReadRange(ref reader) };
            else if (reader.ValueTextEquals("error"u8))
                result = ReadError(ref reader, result);
            else if (reader.ValueTextEquals("event"u8))
                result = result with { Kind = Stronger(result.Kind, QmpMessageKind.Event), EventName = ReadString(ref reader) };
            else if (reader.ValueTextEquals("QMP"u8))
                result = result with { Kind = Stronger(result.Kind, QmpMessageKind.Greeting), Payload = ReadRange(ref reader) };
            else if (reader.ValueTextEquals("id"u8))
                result = ReadId(ref reader, result);
            else if (reader.ValueTextEquals("data"u8))
                data = ReadRange(ref reader);
            else if (reader.ValueTextEquals("timestamp"u8))
                result = result with { Timestamp = ReadTimestamp(ref reader) };
            else
                reader.Skip();
        }

        Expect(ref reader, JsonTokenType.EndObject);
        return result.Kind == QmpMessageKind.Event ? result with { Payload = data } : result;
    }

    /// <summary>If a message claims to be several things, it counts as an error when it has one.</summary>
    private static QmpMessageKind Stronger(QmpMessageKind left, QmpMessageKind right) =>
        left == QmpMessageKind.Error ? left : right;

    private static Range ReadRange(ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = checked((int)reader.TokenStartIndex);
        reader.Skip();
        return start..checked((int)reader.BytesConsumed);
    }

    private static QmpEnvelope ReadId(ref Utf8JsonReader reader, QmpEnvelope result)
    {
        reader.Read();
        long? id = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) ? number : null;
        reader.Skip();
        return result with { HasId = true, Id = id };
    }

    private static QmpEnvelope ReadError(ref Utf8JsonReader reader, QmpEnvelope result)
    {
        string? errorClass = null;
        string? description = null;
        reader.Read();
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("class"u8))
                errorClass = ReadString(ref reader);
            else if (reader.ValueTextEquals("desc"u8))
                description = ReadString(ref reader);
            else
                reader.Skip();
        }

        return result with { Kind = QmpMessageKind.Error, ErrorClass = errorClass, ErrorDescription = description };
    }

    private static DateTimeOffset? ReadTimestamp(ref Utf8JsonReader reader)
    {
        long seconds = -1;
        long microseconds = 0;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isSeconds = reader.ValueTextEquals("seconds"u8);
            var isMicroseconds = reader.ValueTextEquals("microseconds"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
            {
                if (isSeconds)
                    seconds = number;
                else if (isMicroseconds)
                    microseconds = number;
            }

            reader.Skip();
        }

        // QEMU sends -1 for both when the host's clock cannot be read. The upper limit is the end of the year 9999.
        return seconds is >= 0 and <= 253_402_300_799 && microseconds is >= 0 and < 1_000_000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds).AddMicroseconds(microseconds)
            : null;
    }

    private static string ReadString(ref Utf8JsonReader reader)
    {
        reader.Read();
        Expect(ref reader, JsonTokenType.String);
        return reader.GetString()!;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (reader.TokenType != type)
            throw new UnexpectedJsonException($"Expected {type} but got {reader.TokenType}.");
    }
}

internal enum QmpMessageKind
{
    Unknown,
    Greeting,
    Return,
    Error,
    Event,
}

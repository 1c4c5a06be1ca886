using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>One QMP command with its arguments, ready to be sent or shown. Immutable.</summary>
public class QmpRequest
{
    /// <summary>More than QEMU accepts: QEMU decides what is too deep.</summary>
    private const int MaxDepth = 2048;

    private static readonly JsonWriterOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth,
    };

    private static readonly JsonWriterOptions Indented = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Indented = true,
        MaxDepth = MaxDepth,
        NewLine = "\n",
    };

    private protected QmpRequest(string command, JsonElement? arguments, bool outOfBand)
    {
        Command = command;
        Arguments = arguments;
        OutOfBand = outOfBand;
    }

    /// <summary>The name of the command, such as <c>query-block</c>.</summary>
    public string Command { get; }

    /// <summary>The arguments, a JSON object; null when the command is sent without arguments.</summary>
    public JsonElement? Arguments { get; }

    /// <summary>
    /// Whether the command is sent out of band (<c>exec-oob</c>, QEMU 2.12): QEMU executes it before earlier commands have ended. Few
    /// commands allow it, and the client needs <see cref="QmpClientOptions.EnableOutOfBand"/>.
    /// </summary>
    public bool OutOfBand { get; }

    /// <summary>Creates a request for any command, also for one that this library has no type for.</summary>
    /// <param name="command">The name of the command.</param>
    /// <param name="arguments">The arguments, a JSON object, or null for none.</param>
    /// <returns>The request.</returns>
    /// <exception cref="ArgumentException">The name is empty, or the arguments are not a JSON object.</exception>
    public static QmpRequest Raw(string command, JsonElement? arguments = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(command);
        if (arguments is { ValueKind: not JsonValueKind.Object })
            throw new ArgumentException("The arguments of a QMP command must be a JSON object.", nameof(arguments));

        // The caller's document may be disposed before the request is sent.
        return new QmpRequest(command, arguments?.Clone(), outOfBand: false);
    }

    /// <summary>The same request, sent out of band.</summary>
    /// <returns>The request with <see cref="OutOfBand"/> set.</returns>
    public QmpRequest AsOutOfBand() => new(Command, Arguments, outOfBand: true);

    /// <summary>
    /// The request as it is sent, <c>{"execute":…,"arguments":{…}}</c>, without the <c>id</c>. It shows secrets.
    /// </summary>
    /// <param name="indented">Whether to write it on several lines, indented by two spaces.</param>
    /// <returns>The JSON.</returns>
    public string ToJson(bool indented = false)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, indented ? Indented : Compact))
            Write(writer, id: null);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The request as JSON on one line, without secrets, for logs.</summary>
    /// <returns>The redacted JSON.</returns>
    public override string ToString() => PayloadRedactor.Redact(ToBytes(id: null), MaxDepth);

    /// <summary>The line that is sent to QEMU.</summary>
    internal ReadOnlyMemory<byte> ToFrame(long id)
    {
        var buffer = ToBuffer(id);
        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }

    private ReadOnlySpan<byte> ToBytes(long? id) => ToBuffer(id).WrittenSpan;

    private ArrayBufferWriter<byte> ToBuffer(long? id)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer, Compact);
        Write(writer, id);
        writer.Flush();
        return buffer;
    }

    private void Write(Utf8JsonWriter writer, long? id)
    {
        writer.WriteStartObject();
        writer.WriteString(OutOfBand ? "exec-oob"u8 : "execute"u8, Command);
        if (Arguments is { } arguments)
        {
            writer.WritePropertyName("arguments"u8);
            arguments.WriteTo(writer);
        }

        if (id is { } number)
            writer.WriteNumber("id"u8, number);
        writer.WriteEndObject();
    }
}

/// <summary>One QMP command with its arguments, and the type of its answer. Immutable.</summary>
/// <typeparam name="TResult">The type of the answer.</typeparam>
public sealed class QmpRequest<TResult> : QmpRequest
{
    internal QmpRequest(string command, JsonElement? arguments, JsonTypeInfo<TResult> resultTypeInfo, bool outOfBand = false)
        : base(command, arguments, outOfBand) => ResultTypeInfo = resultTypeInfo;

    /// <summary>JSON metadata of the answer.</summary>
    public JsonTypeInfo<TResult> ResultTypeInfo { get; }

    /// <summary>The same request, sent out of band.</summary>
    /// <returns>The request with <see cref="QmpRequest.OutOfBand"/> set.</returns>
    public new QmpRequest<TResult> AsOutOfBand() => new(Command, Arguments, ResultTypeInfo, outOfBand: true);
}

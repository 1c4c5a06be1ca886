using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup qmp</c></summary>
internal static class RawQmpCommand
{
    // The limit of what QEMU itself reads, in characters.
    private const int MaxArguments = 64 * 1024 * 1024;

    private const int MaxDepth = 512;

    private static readonly Argument<string> Name = new("COMMAND") { Description = "The QMP command, such as query-block." };

    private static readonly Argument<string?> Json = new("JSON")
    {
        Description = "Its arguments: a JSON object. @FILE reads them from a file, - from standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<double?> Seconds = TypedOption.Of<double?>("--timeout",
        "How long to wait for the answer; 0 means without limit. Default 30.", "SECONDS", "a number of seconds", TryReadSeconds);

    public static Command Create()
    {
        var command = new CliCommand("qmp", "Send any QMP command and print what it returns.")
        {
            Examples =
            [
                ("qbackup qmp query-status --qmp unix:/run/vm1.qmp", "A question:"),
                ("""qbackup qmp query-named-block-nodes '{"flat": true}' --qmp unix:/run/vm1.qmp""", "A question with arguments:"),
                ("qbackup qmp transaction @actions.json --qmp unix:/run/vm1.qmp --timeout 120",
                    "Arguments from a file, and a longer timeout:"),
            ],
            Arguments = { Name, Json },
        };
        VmOptions.AddTo(command);
        command.Options.Add(Seconds);
        command.Runs(RunAsync);
        return command;
    }

    private static async Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var endpoint = VmOptions.Bind(context);
        var request = await MakeRequestAsync(context, cancellationToken).ConfigureAwait(false);
        context.InterruptedMessage = $"Interrupted: QEMU may still carry out {request.Command}.";
        var options = new QmpClientOptions { LoggerFactory = context.LoggerFactory };
        if (context.Arguments.GetValue(Seconds) is { } seconds)
            options = options with { CommandTimeout = seconds == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(seconds) };

        var client = await QmpClient.ConnectAsync(endpoint, options, cancellationToken).ConfigureAwait(false);
        await using (client.ConfigureAwait(false))
        {
            var result = await client.ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
            context.WriteResult(new ReturnDocument(result), JsonText.Context.ReturnDocument, text =>
                text.Lines(JsonLayout.Of(result, text.Width), 0));
        }
    }

    private static async Task<QmpRequest> MakeRequestAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var name = context.Arguments.GetRequiredValue(Name);
        if (string.IsNullOrWhiteSpace(name))
            throw new UsageException("The QMP command has no name.", "Name it, for example 'qbackup qmp query-status'.");
        if (context.Arguments.GetValue(Json) is not { } given)
            return QmpRequest.Raw(name);
        var text = await ReadAsync(context, given, cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new UsageException("The arguments of a QMP command must be a JSON object.",
                    """Write one, for example '{"flat": true}'.""");
            }

            using (var probe = new Utf8JsonWriter(Stream.Null))
                document.RootElement.WriteTo(probe);
            return QmpRequest.Raw(name, document.RootElement);
        }
        catch (InvalidOperationException)
        {
            throw new UsageException("The arguments contain something that is not a character: half of a surrogate pair, or bytes that "
                + "are not UTF-8.",
                "Write all characters in UTF-8.");
        }
        catch (JsonException e)
        {
            throw new UsageException(
                $"The arguments are not valid JSON: {FailureText.Of(e)}.",
                    "The shell may have changed them: put them in single quotes, or in a file, as @FILE.");
        }
    }

    // A read that hangs, as from a pipe without a writer, is left behind.
    private static Task<string> ReadAsync(CommandContext context, string given, CancellationToken cancellationToken) => given switch
    {
        "@" => throw new UsageException("No file is named after '@'.", "Name one, for example @arguments.json."),
        "-" => Task.Run(() => Read("standard input", () => context.Console.In), cancellationToken).WaitAsync(cancellationToken),
        ['@', .. var path] =>
            Task.Run(() => Read($"'{path}'", () => new StreamReader(path)), cancellationToken).WaitAsync(cancellationToken),
        _ => Task.FromResult(given),
    };

    private static string Read(string source, Func<TextReader> open)
    {
        try
        {
            if (Directory.Exists(source.Trim('\'')))
                throw new UsageException($"The arguments cannot be read from {source}: it is a folder.");
            using var reader = open();
            var text = new StringBuilder();
            var buffer = new char[64 * 1024];
            while (reader.Read(buffer) is var count and > 0)
            {
                text.Append(buffer, 0, count);
                if (text.Length > MaxArguments)
                    throw new UsageException($"{char.ToUpperInvariant(source[0])}{source[1..]} is larger than anything that QEMU accepts.");
            }

            return text.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"The arguments cannot be read from {source}: {FailureText.Of(e)}.");
        }
    }

    private static bool TryReadSeconds(string text, out double? seconds)
    {
        var valid = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value is >= 0 and <= 3_000_000;
        seconds = valid ? value : null;
        return valid;
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup qmp</c></summary>
internal static class QmpCommand
{
    // QEMU's own limit for what it reads.
    private const int MaxArguments = 64 * 1024 * 1024;

    private static readonly Argument<string> Name = new("COMMAND") { Description = "The QMP command, such as query-block." };

    private static readonly Argument<string?> Json = new("JSON")
    {
        Description = "Its arguments, a JSON object; @FILE reads them from a file, - from standard input.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<double?> Seconds = Parsed.Of<double?>("--timeout", "How long to wait for the answer; 0 for as long as it takes. Default 30.", "SECONDS", ReadSeconds)!;

    public static Command Create()
    {
        var command = new CliCommand("qmp", "Send any QMP command and print what it returns.")
        {
            Examples =
            [
                ("qbackup qmp query-status --qmp unix:/run/vm1.qmp", "A question:"),
                ("""qbackup qmp query-named-block-nodes '{"flat": true}' --qmp unix:/run/vm1.qmp""", "One with arguments:"),
                ("qbackup qmp transaction @actions.json --qmp unix:/run/vm1.qmp --timeout 120", "Arguments from a file, and patience:"),
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
            context.WriteResult(new ReturnDocument(result), JsonText.Context.ReturnDocument, text => text.Lines(JsonLayout.Of(result, text.Width), 0));
        }
    }

    private static async Task<QmpRequest> MakeRequestAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var name = context.Arguments.GetRequiredValue(Name);
        if (string.IsNullOrWhiteSpace(name)) throw new UsageException("The QMP command has no name.", "For example 'qbackup qmp query-status'.");
        if (context.Arguments.GetValue(Json) is not { } given) return QmpRequest.Raw(name);
        var text = await ReadAsync(context, given, cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new UsageException("The arguments of a QMP command are a JSON object.", """For example '{"flat": true}'.""");
            return QmpRequest.Raw(name, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new UsageException($"The arguments are no JSON: {e.Message}", "Mind the shell: put them in single quotes, or in a file, as @FILE.");
        }
    }

    private static async Task<string> ReadAsync(CommandContext context, string given, CancellationToken cancellationToken)
    {
        if (given == "-") return await context.Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        if (!given.StartsWith('@')) return given;
        try
        {
            var file = new FileInfo(given[1..]);
            if (file is { Exists: true, Length: > MaxArguments }) throw new UsageException($"'{file.Name}' is larger than anything that QEMU takes.");
            return await File.ReadAllTextAsync(file.FullName, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"The arguments could not be read: {e.Message}");
        }
    }

    private static string? ReadSeconds(string text, out double? seconds)
    {
        seconds = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 3_000_000 ? value : null;
        return seconds is null ? $"'{text}' is no number of seconds." : null;
    }
}

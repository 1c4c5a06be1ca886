using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>What a command works with: its arguments, the console, and where results, remarks and logs go.</summary>
internal sealed class CommandContext(ParseResult arguments, CliInvocation invocation, GlobalSettings settings, ILoggerFactory loggerFactory)
{
    public ParseResult Arguments { get; } = arguments;

    public IConsole Console { get; } = invocation.Console;

    public GlobalSettings Settings { get; } = settings;

    public ILoggerFactory LoggerFactory { get; } = loggerFactory;

    /// <summary>Said when a signal ends the command: what state things are in. Commands that change something set it.</summary>
    public string InterruptedMessage { get; set; } = "Interrupted.";

    /// <summary>What to do after that.</summary>
    public string? InterruptedHint { get; set; }

    /// <summary>Said at the first signal, where what follows may take a while.</summary>
    public string? StoppingMessage { get; set; }

    /// <summary>Said when a second SIGINT ends the process at once: what may be left behind.</summary>
    public string? AbandonedMessage { get; set; }

    /// <summary>What to do after that.</summary>
    public string? AbandonedHint { get; set; }

    /// <summary>The value of an option, or of its environment variable, or null.</summary>
    public string? Environment(string name) => Console.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Writes the result. All of it is made before the first byte is written.</summary>
    /// <param name="document">For scripts.</param>
    /// <param name="typeInfo">How it is written.</param>
    /// <param name="render">For persons.</param>
    /// <param name="ifUnwritten">What was done although its result cannot be written, and what to do; null where it does not matter.</param>
    public void WriteResult<T>(T document, JsonTypeInfo<T> typeInfo, Action<TextDocument> render, (string Message, string Hint)? ifUnwritten = null)
    {
        string result;
        if (Settings.Format == OutputFormat.Json)
        {
            result = JsonText.Of(document, typeInfo);
        }
        else
        {
            var text = new TextDocument(Settings.ColourOutput, Console.Width ?? TextDocument.DefaultWidth);
            render(text);
            result = text.ToString();
        }

        WriteText(result, ifUnwritten);
    }

    /// <summary>Writes a result that is neither for persons nor JSON.</summary>
    public void WriteText(string result, (string Message, string Hint)? ifUnwritten = null)
    {
        try
        {
            Console.Out.Write(result);
            Console.Out.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw OutputException.Of(e, ifUnwritten);
        }
    }

    /// <summary>Says something to the person on standard error, unless scripts read along or it is to be quiet.</summary>
    public void Notice(string message, Style style = Style.None)
    {
        if (Settings.Format == OutputFormat.Json || Settings.Quiet)
            return;
        ErrorWriter.WriteRaw(Console, new TextDocument(Settings.ColourError).Line(message, style).ToString());
    }

    /// <summary>Says what to mind.</summary>
    public void Warn(IEnumerable<string> remarks)
    {
        foreach (var remark in remarks)
            Notice("note: " + remark, Style.Warning);
    }
}

/// <summary>What an invocation has besides its arguments. The tree of commands is made once for all invocations and knows none of this.</summary>
internal sealed class CliInvocation : InvocationConfiguration
{
    public CliInvocation(IConsole console, Termination termination)
    {
        Console = console;
        Termination = termination;
        Output = console.Out;
        Error = console.Error;
        // Failures become exit codes in one place, and signals have a handler that waits for the roll-back.
        EnableDefaultExceptionHandler = false;
        ProcessTerminationTimeout = null;
    }

    public IConsole Console { get; }

    public Termination Termination { get; }
}

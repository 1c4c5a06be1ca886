using System.CommandLine;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>What a command works with: its arguments and the console, and the ways to write results, remarks and logs.</summary>
internal sealed class CommandContext(ParseResult arguments, CliInvocation invocation, GlobalSettings settings, ILoggerFactory loggerFactory)
{
    public ParseResult Arguments { get; } = arguments;

    public IConsole Console { get; } = invocation.Console;

    public GlobalSettings Settings { get; } = settings;

    public ILoggerFactory LoggerFactory { get; } = loggerFactory;

    /// <summary>Printed when a signal ends the command: the state it leaves. Commands that change something set it.</summary>
    public string InterruptedMessage { get; set; } = "Interrupted.";

    /// <summary>What to do after that.</summary>
    public string? InterruptedHint { get; set; }

    /// <summary>Printed at the first signal, if ending may take a while.</summary>
    public string? StoppingMessage { get; set; }

    /// <summary>Printed when a second SIGINT ends the process at once: what may remain.</summary>
    public string? AbandonedMessage { get; set; }

    /// <summary>What to do after that.</summary>
    public string? AbandonedHint { get; set; }

    /// <summary>The value of an environment variable; null if it is empty or not set.</summary>
    public string? Environment(string name) => Console.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Writes the result. It is complete before the first byte is written.</summary>
    /// <param name="document">The result for scripts.</param>
    /// <param name="typeInfo">How the document is written.</param>
    /// <param name="render">Writes the result for people.</param>
    /// <param name="ifUnwritten">What was done although the result cannot be written, and what to do; null if nothing was changed.</param>
    public void WriteResult<T>(
        T document, JsonTypeInfo<T> typeInfo, Action<TextDocument> render, (string Message, string Hint)? ifUnwritten = null)
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

    /// <summary>Writes a result that is neither for people nor JSON.</summary>
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

    /// <summary>Writes a message for people to standard error, except with JSON output or --quiet.</summary>
    public void Notice(string message, Style style = Style.None)
    {
        if (Settings.Format == OutputFormat.Json || Settings.Quiet)
            return;
        ErrorWriter.WriteRaw(Console, new TextDocument(Settings.ColourError).Line(message, style).ToString());
    }

    /// <summary>Writes remarks for people.</summary>
    public void Warn(IEnumerable<string> remarks)
    {
        foreach (var remark in remarks)
            Notice("note: " + remark, Style.Warning);
    }
}

/// <summary>What an invocation has besides its arguments. The tree of commands is made once, for all invocations.</summary>
internal sealed class CliInvocation : InvocationConfiguration
{
    public CliInvocation(IConsole console, Termination termination)
    {
        Console = console;
        Termination = termination;
        Output = console.Out;
        Error = console.Error;
        // Failures become exit codes in CommandBody, and Termination handles signals and waits for the roll-back.
        EnableDefaultExceptionHandler = false;
        ProcessTerminationTimeout = null;
    }

    public IConsole Console { get; }

    public Termination Termination { get; }
}

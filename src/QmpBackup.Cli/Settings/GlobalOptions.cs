using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Settings;

/// <summary>The options of every command.</summary>
internal static class GlobalOptions
{
    public static readonly Option<OutputFormat?> Output = NewOutput();

    public static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Say nothing but the result and errors.",
        Recursive = true,
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Say what is done: -v each step, -vv details, -vvv every message from and to QEMU.",
        Recursive = true,
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<string?> LogFile = new("--log-file")
    {
        Description = "Append a log to this file, with as much detail as -vv or more.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<bool> NoColor = new("--no-color")
    {
        Description = "No colours. Also with NO_COLOR set, with TERM=dumb, and where the output is no terminal.",
        Recursive = true,
        Arity = ArgumentArity.Zero,
    };

    /// <summary>In the order in which help shows them.</summary>
    public static IReadOnlyList<Option> All { get; } = [Output, Quiet, Verbose, LogFile, NoColor];

    private static Option<OutputFormat?> NewOutput()
    {
        var option = Choice.Of("--output", "What the result is written for: persons, or scripts (one JSON document).", ("text", OutputFormat.Text), ("json", OutputFormat.Json));
        option.Aliases.Add("-o");
        option.Recursive = true;
        return option;
    }
}

/// <summary>What the options of every command come to.</summary>
internal sealed record GlobalSettings(OutputFormat Format, bool Quiet, int Verbosity, string? LogFile, bool ColourOutput, bool ColourError)
{
    /// <summary>From which level on log messages go to standard error.</summary>
    public LogLevel LogLevel => Verbosity switch
    {
        >= 3 => LogLevel.Trace,
        2 => LogLevel.Debug,
        1 => LogLevel.Information,
        // One JSON document on standard error, if any: a warning beside it would make it none.
        _ => Quiet || Format == OutputFormat.Json ? LogLevel.None : LogLevel.Warning,
    };

    public static GlobalSettings Of(ParseResult arguments, IConsole console)
    {
        var colour = !arguments.GetValue(GlobalOptions.NoColor) && MayColour(console);
        return new GlobalSettings(
            arguments.GetValue(GlobalOptions.Output) ?? OutputFormat.Text,
            arguments.GetValue(GlobalOptions.Quiet),
            arguments.GetResult(GlobalOptions.Verbose)?.IdentifierTokenCount ?? 0,
            arguments.GetValue(GlobalOptions.LogFile),
            colour && console.IsOutputTerminal,
            colour && console.IsErrorTerminal);
    }

    /// <summary>The same where the arguments could not be parsed, as far as it can be told.</summary>
    public static GlobalSettings Guess(ParseResult arguments, IConsole console)
    {
        var words = arguments.Tokens.Where(t => t.Type != TokenType.Directive).Select(t => t.Value).ToList();
        var at = words.FindLastIndex(w => w is "-o" or "--output");
        var json = at >= 0 && at + 1 < words.Count && words[at + 1] == "json";
        var colour = !words.Contains("--no-color") && MayColour(console);
        return new GlobalSettings(json ? OutputFormat.Json : OutputFormat.Text, false, 0, null, colour && console.IsOutputTerminal, colour && console.IsErrorTerminal);
    }

    private static bool MayColour(IConsole console) =>
        string.IsNullOrEmpty(console.GetEnvironmentVariable("NO_COLOR")) && console.GetEnvironmentVariable("TERM") != "dumb";
}

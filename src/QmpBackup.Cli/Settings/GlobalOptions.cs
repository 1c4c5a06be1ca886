using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Settings;

/// <summary>The options of every command.</summary>
internal static class GlobalOptions
{
    public static readonly Option<OutputFormat?> Output = NewOutput();

    public static readonly Option<bool> Quiet = NewFlag("--quiet", "-q", "Print only the result and errors.");

    public static readonly Option<bool> Verbose = NewFlag("--verbose", "-v",
        "Print what is done: -v each step, -vv details, -vvv every message from and to QEMU.");

    public static readonly Option<string?> LogFile = new("--log-file")
    {
        Description = "Append a log to this file, with as much detail as -vv or more.",
        HelpName = "FILE",
        Recursive = true,
    };

    public static readonly Option<bool> NoColor = NewFlag("--no-color", null,
        "Use no colours. This is the default where NO_COLOR is set, TERM is dumb, or the output is not a terminal.");

    /// <summary>In the order in which help shows them.</summary>
    public static IReadOnlyList<Option> All { get; } = [Output, Quiet, Verbose, LogFile, NoColor];

    private static Option<OutputFormat?> NewOutput()
    {
        var option = TypedOption.Choice("--output", "The form of the result: text for people, or one JSON document for scripts.",
            ("text", OutputFormat.Text), ("json", OutputFormat.Json));
        option.Aliases.Add("-o");
        option.Recursive = true;
        return option;
    }

    private static Option<bool> NewFlag(string name, string? alias, string description)
    {
        var option = TypedOption.Flag(name, description);
        option.Recursive = true;
        if (alias is not null)
            option.Aliases.Add(alias);
        return option;
    }
}

/// <summary>The values of the options of every command.</summary>
internal sealed record GlobalSettings(OutputFormat Format, bool Quiet, int Verbosity, string? LogFile, bool ColourOutput, bool ColourError)
{
    /// <summary>The lowest level of log messages that go to standard error.</summary>
    public LogLevel LogLevel => Verbosity switch
    {
        >= 3 => LogLevel.Trace,
        2 => LogLevel.Debug,
        1 => LogLevel.Information,
        // With JSON, standard error holds one document or nothing. A warning next to it would spoil it.
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

    /// <summary>The same for arguments that have errors, as far as they can be understood.</summary>
    public static GlobalSettings Guess(ParseResult arguments, IConsole console)
    {
        var words = arguments.Tokens.Where(t => t.Type != TokenType.Directive).Select(t => t.Value).ToList();
        var at = words.FindLastIndex(w => w is "-o" or "--output");
        var json = at >= 0 && at + 1 < words.Count && words[at + 1] == "json";
        var colour = !words.Contains("--no-color") && MayColour(console);
        return new GlobalSettings(
            json ? OutputFormat.Json : OutputFormat.Text, false, 0, null, colour && console.IsOutputTerminal,
                colour && console.IsErrorTerminal);
    }

    private static bool MayColour(IConsole console) =>
        string.IsNullOrEmpty(console.GetEnvironmentVariable("NO_COLOR")) && console.GetEnvironmentVariable("TERM") != "dumb";
}

/// <summary>The command's name and version.</summary>
internal static class Product
{
    public const string Name = "qbackup";

    public static string Version { get; } =
        typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "unknown";
}

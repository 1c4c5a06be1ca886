using System.CommandLine;

namespace QmpBackup.Cli.Options;

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

using System.CommandLine;
using System.CommandLine.Parsing;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Help;

/// <summary>Says in one sentence what is wrong with a command line.</summary>
internal static class UsageReport
{
    public static ErrorReport Of(ParseResult arguments)
    {
        var command = arguments.CommandResult;
        var help = $"'{Path(command)} --help' shows how it is used.";
        // After a misspelt command, its options are unknown too. The report is about the first unknown word.
        if (arguments.UnmatchedTokens is [var word, ..])
        {
            var what = word.StartsWith('-') ? "option" : command.Command.Subcommands.Count > 0 ? "command" : "argument";
            var near = Nearest(word, command);
            return new ErrorReport(ExitCode.Usage, "usage", $"'{Path(command)}' has no {what} '{word}'.",
                near is null ? help : $"Did you mean '{near}'? {help}");
        }

        if (command.Command.Subcommands.Count > 0 && command.Command.Action is null)
            return new ErrorReport(ExitCode.Usage, "usage", $"'{Path(command)}' needs a command.", help);
        if (command.Command.Arguments.FirstOrDefault(
            a => (command.GetResult(a)?.Tokens.Count ?? 0) < a.Arity.MinimumNumberOfValues) is { } missing)
        {
            return new ErrorReport(ExitCode.Usage, "usage", $"'{Path(command)}' needs an argument: {missing.HelpName ?? missing.Name}.",
                help);
        }

        if (arguments.Errors[0].SymbolResult is OptionResult option && OfCount(option) is { } count)
            return new ErrorReport(ExitCode.Usage, "usage", count, help);
        var message = arguments.Errors[0].Message;
        return new ErrorReport(ExitCode.Usage, "usage", message.EndsWith('.') ? message : message + ".", help);
    }

    // The parser's own messages for these are written for programmers.
    private static string? OfCount(OptionResult option) => option.Option.Arity switch
    {
        { MinimumNumberOfValues: var least } when option.Tokens.Count < least =>
            $"{option.Option.Name} needs a value: {option.Option.HelpName ?? "VALUE"}.",
        { MaximumNumberOfValues: var most } when option.Tokens.Count > most => $"{option.Option.Name} is given more than once.",
        _ => null,
    };

    private static string Path(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : Product.Name;

    private static string? Nearest(string word, CommandResult command)
    {
        var known = command.Command.Subcommands.Select(c => c.Name)
            .Concat(command.Command.Options.Where(o => !o.Hidden).Select(o => o.Name))
            .Concat(GlobalOptions.All.Select(o => o.Name));
        var best = known.Select(name => (Name: name, Distance: Distance(word, name))).MinBy(c => c.Distance);
        return best.Distance <= Math.Max(2, word.Length / 3) ? best.Name : null;
    }

    // The Levenshtein distance.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (diagonal, _) = (row[0], row[0] = i);
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}

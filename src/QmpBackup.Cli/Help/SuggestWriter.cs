using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Help;

/// <summary>
/// Answers a shell's completion: <c>qbackup '[suggest:POSITION]' 'LINE'</c>. LINE is the command line without the program's name.
/// </summary>
internal sealed class SuggestWriter(SuggestDirective directive) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var line = parseResult.Tokens.LastOrDefault(t => t.Type != TokenType.Directive)?.Value ?? "";
        var values = parseResult.GetResult(directive)?.Values ?? [];
        if (values.Count > 0 && int.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            && position < line.Length)
        {
            line = line[..position];
        }

        var output = ((CliInvocation)parseResult.InvocationConfiguration).Console.Out;
        output.Write(string.Concat(Suggest(parseResult, line).Select(s => s + "\n")));
        return 0;
    }

    /// <summary>The words that can end the line.</summary>
    private static List<string> Suggest(ParseResult parseResult, string line)
    {
        var word = line[(line.LastIndexOf(' ') + 1)..];
        var all = parseResult.RootCommandResult.Command.Parse(line, parseResult.Configuration).GetCompletions(line.Length)
            .Select(c => c.InsertText ?? c.Label).Where(s => s.StartsWith(word, StringComparison.Ordinal)).Distinct().ToList();
        // Options are suggested only after a '-', or where nothing else can follow, and only in their long form.
        var words = all.Where(s => !s.StartsWith('-')).ToList();
        return words.Count > 0 && !word.StartsWith('-') ? words : [.. all.Where(s => s.StartsWith("--", StringComparison.Ordinal))];
    }
}

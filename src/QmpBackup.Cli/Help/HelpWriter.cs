using System.CommandLine;
using System.CommandLine.Invocation;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Help;

/// <summary>Writes the help of a command: what it does, examples, arguments and options, exit codes.</summary>
/// <param name="examples">Calls that the help of the command itself shows, each with what it does.</param>
internal sealed class HelpWriter(IReadOnlyList<(string Call, string Meaning)> examples) : SynchronousCommandLineAction
{
    private const int Indent = 2;
    private const int MaxNameColumn = 26;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var console = ((CliInvocation)parseResult.InvocationConfiguration).Console;
        var settings = GlobalSettings.Guess(parseResult, console);
        var text = new TextDocument(settings.ColourOutput, console.Width ?? TextDocument.DefaultWidth);
        Write(text, parseResult.CommandResult.Command);
        console.Out.Write(text.ToString());
        return 0;
    }

    private void Write(TextDocument text, Command command)
    {
        text.Prose(command.Description ?? "", 0, Style.Heading);
        if (command is CliCommand { Remarks: { } remarks })
            text.Prose(remarks);
        WriteExamples(text, command is RootCommand ? examples : (command as CliCommand)?.Examples ?? []);
        Title(text, "Usage");
        text.Line($"{new string(' ', Indent)}{Usage(command)}", Style.Command);

        WriteRows(text, "Commands",
            command.Subcommands.Where(c => !c.Hidden).Select(c => (c.Name + ArgumentNames(c), c.Description ?? "")));
        WriteRows(text, "Arguments", command.Arguments.Where(a => !a.Hidden).Select(a => (NameOf(a), a.Description ?? "")));
        var own = command.Options.Where(o => !o.Hidden && !IsGlobal(o)).ToList();
        WriteRows(text, "Options", own.Select(o => (NameOf(o), o.Description ?? "")));
        WriteRows(text, "Options of every command", GlobalOptions.All.Select(o => (NameOf(o), o.Description ?? ""))
            .Append(("-h, --help", "Show this help.")).Concat(command is RootCommand ? [("--version", "Show the version.")] : []));
        WriteExitCodes(text);
    }

    private static void WriteExamples(TextDocument text, IReadOnlyList<(string Call, string Meaning)> examples)
    {
        if (examples.Count == 0)
            return;
        Title(text, "Examples");
        foreach (var (call, meaning) in examples)
        {
            text.Prose(meaning, Indent, Style.Faint);
            text.Write(new string(' ', Indent + 2)).Line(call, Style.Command);
        }
    }

    private static void WriteExitCodes(TextDocument text)
    {
        Title(text, "Exit codes");
        text.Prose("0 done · 1 internal error · 2 usage · 3 no connection to the VM · 4 QEMU refused a command · 5 the backup failed "
            + "(rolled back) · 6 verification failed · 7 a required freeze was not possible · 8 repository, scratch or target · 9 busy · "
            + "10 nothing is open · 11 an incremental was demanded and is not sound · 124 timed out · 130 SIGINT · 143 SIGTERM", Indent);
    }

    private static void WriteRows(TextDocument text, string title, IEnumerable<(string Name, string Description)> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
            return;
        Title(text, title);
        var column = Math.Min(all.Max(r => r.Name.Length), MaxNameColumn) + Indent + 2;
        foreach (var (name, description) in all)
        {
            text.Write(new string(' ', Indent)).Write(name, Style.Command);
            if (name.Length + Indent + 2 > column)
            {
                text.Line();
                text.Prose(description, column);
            }
            else
            {
                text.Prose(description, column, firstIndent: column - name.Length - Indent);
            }
        }
    }

    private static void Title(TextDocument text, string title) => text.Line().Line(title + ":", Style.Heading);

    private static string Usage(Command command)
    {
        var path = command.Name;
        for (var parent = command.Parents.OfType<Command>().FirstOrDefault(); parent is not null; parent = parent.Parents.OfType<Command>()
            .FirstOrDefault())
        {
            path = $"{(parent is RootCommand ? Product.Name : parent.Name)} {path}";
        }

        if (command is RootCommand)
            path = Product.Name;
        return path + (command.Subcommands.Count > 0 ? " COMMAND" : "") + ArgumentNames(command) + " [OPTIONS]";
    }

    private static string ArgumentNames(Command command) =>
        string.Concat(command.Arguments.Where(a => !a.Hidden).Select(a => " " + NameOf(a)));

    private static string NameOf(Argument argument)
    {
        var name = argument.HelpName ?? argument.Name;
        if (argument.Arity.MaximumNumberOfValues > 1)
            name += "...";
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string NameOf(Option option) =>
        string.Join(", ", option.Aliases.OrderBy(a => a.Length).Append(option.Name))
            + (option.HelpName is { } value && option.Arity.MaximumNumberOfValues > 0 ? " " + value : "");

    private static bool IsGlobal(Option option) =>
        option is System.CommandLine.Help.HelpOption or VersionOption || GlobalOptions.All.Contains(option);
}

/// <summary>A command, with what its help shows besides arguments and options.</summary>
internal sealed class CliCommand(string name, string description) : Command(name, description)
{
    /// <summary>Calls that a person can copy, each with what it does.</summary>
    public IReadOnlyList<(string Call, string Meaning)> Examples { get; init; } = [];

    /// <summary>What else the user should know, in sentences.</summary>
    public string? Remarks { get; init; }
}

/// <summary>Writes the version.</summary>
internal sealed class VersionWriter : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        ((CliInvocation)parseResult.InvocationConfiguration).Console.Out.Write($"{Product.Name} {Product.Version}\n");
        return 0;
    }
}

using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup completions</c></summary>
internal static class CompletionsCommand
{
    private static readonly Argument<string> Shell = NewShell();

    // qbackup itself knows what can follow. The scripts pass it the line and the position of the cursor, and fall back to file names.
    private const string Bash = """
        # qbackup completion for bash: eval "$(qbackup completions bash)"
        _qbackup() {
            local line="${COMP_LINE#* }" cur="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
            COMPREPLY=( $(compgen -W "$("$1" "[suggest:$(( COMP_POINT - ${#COMP_LINE} + ${#line} ))]" "$line" 2>/dev/null)" -- "$cur") )
        }
        complete -o default -F _qbackup qbackup

        """;

    private const string Zsh = """
        #compdef qbackup
        # qbackup completion for zsh: source <(qbackup completions zsh)
        _qbackup() {
            local line="${BUFFER#* }"
            local cut=$(( ${#BUFFER} - ${#line} ))
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:$(( CURSOR - cut ))]" "$line" 2>/dev/null)}")
            if [[ -n "${found[1]}" ]]; then
                compadd -- "${found[@]}"
            else
                _files
            fi
        }
        compdef _qbackup qbackup

        """;

    private const string Fish = """
        # qbackup completion for fish: qbackup completions fish | source
        function __qbackup_complete
            set -l line (commandline -cp | string replace -r '^\s*\S+\s?' '' | string collect --allow-empty)
            set -l program (commandline -poc)[1]
            set -l found ($program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
            and set -q found[1]
            and printf '%s\n' $found
            or __fish_complete_path (commandline -ct)
        end
        complete -c qbackup -f -a '(__qbackup_complete)'

        """;

    public static Command Create()
    {
        var command = new CliCommand("completions", "Print a script that completes qbackup's commands and options in your shell.")
        {
            Examples =
            [
                ("eval \"$(qbackup completions bash)\"", "In ~/.bashrc:"),
                ("source <(qbackup completions zsh)", "In ~/.zshrc, after compinit:"),
                ("qbackup completions fish > ~/.config/fish/completions/qbackup.fish", "For fish:"),
            ],
            Arguments = { Shell },
        };
        command.Runs((context, _) =>
        {
            var script = context.Arguments.GetRequiredValue(Shell) switch
            {
                "zsh" => Zsh,
                "fish" => Fish,
                _ => Bash,
            };
            context.WriteText(script);
            return Task.CompletedTask;
        });
        return command;
    }

    private static Argument<string> NewShell()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish.", HelpName = "bash|zsh|fish" };
        shell.CompletionSources.Add("bash", "zsh", "fish");
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && given is not ("bash" or "zsh" or "fish"))
                result.AddError($"Invalid shell '{given}'; expected bash, zsh or fish.");
        });
        return shell;
    }
}

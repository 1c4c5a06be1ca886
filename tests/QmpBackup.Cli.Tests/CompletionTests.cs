using QmpBackup.Testing;

namespace QmpBackup.Cli.Tests;

/// <summary>The completion scripts, run by their shells.</summary>
public sealed class CompletionTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("qbackup sta", "start status")]
    [InlineData("qbackup plan ", "abort finish start")]
    [InlineData("qbackup abort --d", "--dry-run")]
    [InlineData("qbackup abort --log-file /no/such", "")]
    [InlineData("qbackup start --level inc", "incremental")]
    [InlineData("qbackup start --fleec", "--fleecing")]
    [InlineData("qbackup restore --nbd", "--nbd-timeout")]
    [InlineData("qbackup completions z", "zsh")]
    [InlineData("qbackup bitmap en", "enable")]
    public async Task Bash_completes_commands_options_and_values(string line, string expected)
    {
        Assert.SkipUnless(CommandRunner.Find("bash") is not null, "bash not found");
        await using var folder = TestDirectory.Create();
        var script = (await FakeConsole.RunAsync(0, "completions", "bash")).OutText;
        // What bash does when TAB is pressed: the words, where the cursor is, and the function that was registered.
        var program = $$"""
            qbackup() { "$DOTNET" "$DLL" "$@"; }
            {{script}}
            COMP_LINE="$LINE" COMP_POINT=${#LINE}
            read -ra COMP_WORDS <<< "$LINE"
            [[ "$LINE" == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            _qbackup qbackup
            printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd' '
            """;

        var result = await CommandRunner.RunAsync("bash", ["-c", program], Options(line, folder), TestContext.Current.CancellationToken);

        result.Stdout.Trim().Should().Be(expected, result.Stderr);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("qbackup sta", "start status")]
    [InlineData("qbackup plan ", "abort finish start")]
    [InlineData("qbackup start --level inc", "incremental")]
    [InlineData("qbackup -v start --fleec", "--fleecing")]
    [InlineData("qbackup start --scratch-dir /et", "/etc/")]
    public async Task Fish_completes_commands_options_and_values(string line, string expected)
    {
        Assert.SkipUnless(CommandRunner.Find("fish") is not null, "fish not found");
        await using var folder = TestDirectory.Create();
        var script = (await FakeConsole.RunAsync(0, "completions", "fish")).OutText;
        var program = $$"""
            function qbackup; $DOTNET $DLL $argv; end
            {{script}}
            complete -C $LINE | cut -f1 | sort | paste -sd' '
            """;

        var result = await CommandRunner.RunAsync("fish", ["--no-config", "-c", program], Options(line, folder), TestContext.Current.CancellationToken);

        result.Stdout.Trim().Should().Be(expected, result.Stderr);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task A_script_is_short_and_gets_its_words_from_qbackup(string shell)
    {
        var script = (await FakeConsole.RunAsync(0, "completions", shell)).OutText;

        script.Should().Contain("[suggest:").And.Contain(shell);
        script.Split('\n').Length.Should().BeLessThan(20);
    }

    private static CommandOptions Options(string line, TestDirectory home) => new()
    {
        Environment = new Dictionary<string, string?>
        {
            ["HOME"] = home.Path,
            ["LINE"] = line,
            ["DOTNET"] = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["DLL"] = Path.Combine(AppContext.BaseDirectory, "qbackup.dll"),
        },
    };
}

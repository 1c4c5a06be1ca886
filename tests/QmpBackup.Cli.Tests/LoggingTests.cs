using Microsoft.Extensions.Logging;
using QmpBackup.Cli.Logging;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

public sealed class LoggingTests
{
    [Theory]
    [InlineData(0, false, OutputFormat.Text, LogLevel.Warning)]
    [InlineData(0, true, OutputFormat.Text, LogLevel.None)]
    [InlineData(0, false, OutputFormat.Json, LogLevel.None)]
    [InlineData(1, false, OutputFormat.Json, LogLevel.Information)]
    [InlineData(2, false, OutputFormat.Text, LogLevel.Debug)]
    [InlineData(3, true, OutputFormat.Text, LogLevel.Trace)]
    [InlineData(7, false, OutputFormat.Text, LogLevel.Trace)]
    internal void Verbosity_sets_the_log_level(int verbosity, bool quiet, OutputFormat format, LogLevel expected) =>
        new GlobalSettings(format, quiet, verbosity, null, false, false).LogLevel.Should().Be(expected);

    [Theory]
    [InlineData(new[] { "-v" }, 1)]
    [InlineData(new[] { "-vv" }, 2)]
    [InlineData(new[] { "-v", "-v", "--verbose" }, 3)]
    [InlineData(new string[0], 0)]
    public void Each_verbose_option_adds_one_level(string[] options, int expected) =>
        GlobalSettings.Of(CommandTree.Root.Parse(["status", .. options]), new FakeConsole()).Verbosity.Should().Be(expected);

    [Theory]
    [InlineData(false, null, null, false)]
    [InlineData(true, null, null, true)]
    [InlineData(true, "1", null, false)]
    [InlineData(true, "", "xterm", true)]
    [InlineData(true, null, "dumb", false)]
    public void Colour_is_used_only_on_a_terminal_that_allows_it(bool terminal, string? noColor, string? term, bool expected)
    {
        var console = new FakeConsole { IsOutputTerminal = terminal };
        if (noColor is not null)
            console.Environment["NO_COLOR"] = noColor;
        if (term is not null)
            console.Environment["TERM"] = term;

        GlobalSettings.Of(CommandTree.Root.Parse(["status"]), console).ColourOutput.Should().Be(expected);
        GlobalSettings.Of(CommandTree.Root.Parse(["status", "--no-color"]), console).ColourOutput.Should().BeFalse();
    }

    [Fact]
    public void A_stack_trace_is_logged_only_on_request()
    {
        var failure = Thrown();

        Log(verbosity: 0, failure).Should().BeEmpty();
        Log(verbosity: 2, failure).Should().Contain("debug qbackup: Failed unexpectedly").And.Contain(nameof(Thrown)).And.NotContain("\e");
    }

    private static string Log(int verbosity, Exception failure)
    {
        var console = new FakeConsole();
        using var loggers = CliLoggerFactory.Create(console, new GlobalSettings(OutputFormat.Text, false, verbosity, null, false, false));
        CliLog.Unexpected(loggers.CreateLogger("qbackup"), failure);
        return console.ErrorText;
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("bad \e[31m");
        }
        catch (InvalidOperationException e)
        {
            return e;
        }
    }
}

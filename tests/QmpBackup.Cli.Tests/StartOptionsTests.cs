using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Tests;

public sealed class StartOptionsTests
{
    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        var request = Bind([]);

        (request.Chain.Value, request.Level, request.Fleecing, request.ScratchDirectory, request.Nbd, request.TlsCreds, request.Since)
            .Should().Be(("default", LevelChoice.Auto, null, "/var/tmp", null, null, null));
        request.Disks.Should().BeEmpty();
        request.Exclude.Should().BeEmpty();
    }

    [Fact]
    public void Every_option_is_read()
    {
        var request = Bind(["--disk", "a", "--disk", "b", "--disk", "a", "--exclude", "c", "--chain", "x", "--level", "incremental", "--since", Given.Parent,
            "--fleecing", "snapshot-access", "--nbd", "tcp:[::1]:10809", "--tls-creds", "tls0", "--scratch-dir", "/s", "--force"]);

        request.Disks.Should().Equal("a", "b");
        request.Exclude.Should().Equal("c");
        request.Force.Should().BeTrue();
        (request.Chain.Value, request.Level, request.Fleecing, request.ScratchDirectory, request.Nbd?.ToString(), request.TlsCreds, request.Since?.Value)
            .Should().Be(("x", LevelChoice.Incremental, Fleecing.SnapshotAccess, "/s", "tcp:[::1]:10809", "tls0", Given.Parent));
    }

    [Fact]
    public void A_relative_scratch_directory_is_made_absolute() =>
        Bind(["--scratch-dir", "x/../scratch"]).ScratchDirectory.Should().Be(Path.Combine(Directory.GetCurrentDirectory(), "scratch"));

    [Fact]
    public void The_environment_is_used_if_the_option_is_missing()
    {
        var console = new FakeConsole { Environment = { ["QBACKUP_SCRATCH_DIR"] = "/env" } };

        Bind([], console).ScratchDirectory.Should().Be("/env");
        Bind(["--scratch-dir", "/given"], console).ScratchDirectory.Should().Be("/given");
    }

    private static StartRequest Bind(string[] options, FakeConsole? console = null)
    {
        console ??= new FakeConsole();
        var arguments = CommandTree.Root.Parse(["start", .. options]);
        arguments.Errors.Should().BeEmpty();
        using var termination = new Termination();
        var settings = GlobalSettings.Of(arguments, console);
        using var loggers = Logging.CliLoggerFactory.Create(console, settings);
        return StartOptions.Bind(new CommandContext(arguments, new CliInvocation(console, termination), settings, loggers));
    }
}

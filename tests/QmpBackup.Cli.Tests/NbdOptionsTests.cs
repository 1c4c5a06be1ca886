using QmpBackup.Cli.Options;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Tests;

public sealed class NbdOptionsTests
{
    [Theory]
    [InlineData("pull")]
    [InlineData("run")]
    [InlineData("restore")]
    public void Nbd_timeout_limits_connecting_and_the_handshake(string command)
    {
        var given = Bind(command, "--nbd-timeout", "2.5");
        var defaults = Bind(command);

        (given.ConnectTimeout, given.HandshakeTimeout).Should().Be((TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(2.5)));
        (defaults.ConnectTimeout, defaults.HandshakeTimeout).Should().Be((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)));
        given.CommandTimeout.Should().Be(defaults.CommandTimeout);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("3600.1")]
    [InlineData("NaN")]
    [InlineData("1e3")]
    [InlineData("soon")]
    public void Invalid_nbd_timeout_is_a_usage_error(string seconds) =>
        CommandTree.Root.Parse(["restore", "--nbd-timeout", seconds]).Errors.Select(e => e.Message)
            .Should().Contain($"Invalid value '{seconds}' for --nbd-timeout; expected a number of seconds above 0, up to 3600.");

    [Theory]
    [InlineData("verify")]
    [InlineData("start")]
    public void Command_that_connects_to_no_other_server_has_no_nbd_timeout(string command) =>
        CommandTree.Root.Parse([command, "--nbd-timeout", "1"]).Errors.Should().NotBeEmpty();

    private static NbdClientOptions Bind(params string[] words)
    {
        var console = new FakeConsole();
        var arguments = CommandTree.Root.Parse(words);
        arguments.Errors.Should().BeEmpty();
        using var termination = new Termination();
        var settings = GlobalSettings.Of(arguments, console);
        using var loggers = Logging.CliLoggerFactory.Create(console, settings);
        return NbdOptions.Bind(new CommandContext(arguments, new CliInvocation(console, termination), settings, loggers));
    }
}

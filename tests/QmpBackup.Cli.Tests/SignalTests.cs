using System.Net.Sockets;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Testing;

namespace QmpBackup.Cli.Tests;

/// <summary>Signals to a real process.</summary>
public sealed class SignalTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData(Signal.Interrupt, 130, "interrupted")]
    [InlineData(Signal.Terminate, 143, "terminated")]
    [InlineData(Signal.Hangup, 143, "terminated")]
    public async Task A_signal_ends_a_waiting_command(Signal signal, int exitCode, string code)
    {
        await using var folder = TestDirectory.Create();
        // It accepts and stays silent, like a monitor that another client uses.
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(folder.File("qmp")));
        silent.Listen();
        await using var command = Qbackup.Start(["status", "--qmp", folder.File("qmp"), "-o", "json"]);
        using var connection = await silent.AcceptAsync(Cancel);
        command.Send(signal);

        var result = await command.WaitAsync(Cancel);

        result.ExitCode.Should().Be(exitCode, result.Stderr);
        result.Stdout.Should().BeEmpty();
        result.Stderr.Should().Contain($"\"code\": \"{code}\"");
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Signal.Interrupt, 130)]
    [InlineData(Signal.Terminate, 143)]
    public async Task A_signal_during_start_rolls_it_back(Signal signal, int exitCode)
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("a")], GuestExports = false }, Cancel);
        var before = await daemon.StateAsync(Cancel);
        await using var proxy = QmpProxy.Start(daemon);
        var rule = proxy.On("transaction").Delay(TimeSpan.FromMilliseconds(300));
        await using var command = Qbackup.Start(["start", "--qmp", proxy.Endpoint, "--scratch-dir", daemon.Directory.Path]);
        await command.SendAtAsync(signal, rule.Hit);

        var result = await command.WaitAsync(Cancel);

        result.ExitCode.Should().Be(exitCode, result.Stderr);
        result.Stdout.Should().BeEmpty();
        result.Stderr.Should().Contain("rolling back").And.Contain("no backup was opened, everything is as it was before");
        (await daemon.StateAsync(Cancel)).Should().BeEquivalentTo(before);
        Directory.EnumerateFileSystemEntries(daemon.Directory.Path, "qbackup-*").Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_interrupt_ends_the_command_at_once_and_says_what_to_do()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("a")], GuestExports = false }, Cancel);
        await using var proxy = QmpProxy.Start(daemon);
        var rule = proxy.On("transaction").Hang();
        await using var command = Qbackup.Start(["start", "--qmp", proxy.Endpoint, "--scratch-dir", daemon.Directory.Path]);
        await command.SendAtAsync(Signal.Interrupt, rule.Hit);
        await command.SendAtAsync(Signal.Interrupt, command.Stderr.WaitForAsync(line => line.Contains("rolling back", StringComparison.Ordinal), 0, Cancel));

        var result = await command.WaitAsync(Cancel);

        result.ExitCode.Should().Be(130);
        result.Stderr.Should().Contain("error: Left before the end").And.Contain("hint:  Run 'qbackup abort'");
        var abort = await Qbackup.RunAsync(["abort", "--qmp", daemon.SecondQmpPath], null, Cancel);
        abort.ExitCode.Should().Be(0, abort.Stderr);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_result_that_cannot_be_written_is_reported()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("a")], GuestExports = false }, Cancel);
        var call = "\"$@\" start --qmp \"$QMP\" --scratch-dir \"$DIR\" >/dev/full";
        var options = new CommandOptions { Environment = new Dictionary<string, string?> { ["QMP"] = daemon.QmpEndpoint, ["DIR"] = daemon.Directory.Path } };

        var result = await CommandRunner.RunAsync("sh", ["-c", call, "sh", .. Qbackup.Program], options, Cancel);

        result.ExitCode.Should().Be(1, result.Stderr);
        result.Stderr.Should().Contain("is open, but the result could not be written: No space left on device.").And.Contain("qbackup abort");
        (await Qbackup.RunAsync(["abort", "--qmp", daemon.QmpEndpoint], null, Cancel)).ExitCode.Should().Be(0);
    }

    [Fact]
    public void After_a_first_signal_only_an_interrupt_ends_the_command_at_once()
    {
        var exits = new List<ExitCode>();
        using var termination = new Termination { Exit = exits.Add };

        termination.Handle(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        termination.Handle(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        termination.Handle(System.Runtime.InteropServices.PosixSignal.SIGHUP);
        exits.Should().BeEmpty();
        termination.Handle(System.Runtime.InteropServices.PosixSignal.SIGINT);

        exits.Should().Equal(ExitCode.Interrupted);
        termination.Cause.Should().Be(ExitCode.Terminated, "the first signal decides the exit code");
        termination.Token.IsCancellationRequested.Should().BeTrue();
    }
}

using System.Net.Sockets;

namespace QmpBackup.Testing.Tests;

public sealed class ToolTests
{
    [Fact]
    public void The_oracle_detects_a_flipped_byte_and_a_wrong_length()
    {
        var oracle = new DiskOracle(1 << 20);
        oracle.Fill(70_000, 100, 0xaa);
        var copy = oracle.Snapshot();
        oracle.Compare(copy).Should().BeNull();
        copy[70_001] = 0xab;
        oracle.Compare(copy).Should().StartWith("first difference at offset 70001 ").And.Contain("1 bytes differ");
        oracle.Compare(new byte[1 << 19]).Should().NotBeNull();
        oracle.Compare(oracle.Snapshot()[..^512]).Should().NotBeNull();
        new DiskOracle(4097).Compare(new byte[4097]).Should().BeNull("the last sector is only padded");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_command_can_be_signalled_at_a_line_and_its_output_and_exit_code_are_kept()
    {
        var token = TestContext.Current.CancellationToken;
        await using var command = RunningCommand.Start("sh", ["-c", "trap 'echo got it; exit 130' INT; echo ready >&2; while :; do sleep 0.05; done"]);
        await command.SendAtAsync(Signal.Interrupt, command.Stderr.WaitForAsync(line => line == "ready", 0, token));
        var result = await command.WaitAsync(token);
        result.ExitCode.Should().Be(130);
        result.Stdout.Should().Be("got it");
        result.Stderr.Should().Be("ready");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_command_that_does_not_end_is_killed()
    {
        var token = TestContext.Current.CancellationToken;
        await using var command = RunningCommand.Start("sleep", ["100"], new CommandOptions { Timeout = TimeSpan.FromMilliseconds(100) });
        var wait = () => command.WaitAsync(token);
        await wait.Should().ThrowAsync<TimeoutException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task A_full_tmpfs_refuses_writes()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(TestDirectory.CanMount, "only root may mount");
        await using var directory = TestDirectory.Create();
        directory.Path.Length.Should().BeLessThan(40);
        var small = await directory.MountTmpfsAsync("small", 65536);
        var write = () => File.WriteAllBytes(Path.Combine(small, "f"), new byte[131072]);
        write.Should().Throw<IOException>();
    }

    [Fact(Timeout = 30_000)]
    public async Task The_silent_server_sends_nothing_and_the_garbage_server_sends_garbage()
    {
        var token = TestContext.Current.CancellationToken;
        await using var directory = TestDirectory.Create();
        await using var silent = new SilentServer(directory.File("s"));
        await using var garbage = new GarbageServer(directory.File("g"), closeAfterwards: true);
        using var first = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await first.ConnectAsync(new UnixDomainSocketEndPoint(silent.Path), token);
        first.Poll(50_000, SelectMode.SelectRead).Should().BeFalse();
        using var second = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await second.ConnectAsync(new UnixDomainSocketEndPoint(garbage.Path), token);
        var buffer = new byte[4];
        (await second.ReceiveAsync(buffer, token)).Should().Be(4);
        buffer.Should().Equal("HTTP"u8.ToArray());
    }
}

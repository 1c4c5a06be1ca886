using System.Net.Sockets;
using System.Text;
using QmpBackup.Qemu.Tests.Commands;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>A transaction that QEMU has up to its last byte happens at the commit, and in no other way.</summary>
public sealed class PreparedTransactionTests
{
    private const string Capabilities = """{"execute":"qmp_capabilities"}""" + "\n";

    private static readonly QmpRequest AddTwo = TransactionCommands.Transaction.With(new TransactionArguments
    {
        Actions =
        [
            TransactionAction.BlockDirtyBitmapAdd(new BlockDirtyBitmapAdd { Node = "a", Name = "first" }),
            TransactionAction.BlockDirtyBitmapAdd(new BlockDirtyBitmapAdd { Node = "a", Name = "second" }),
        ],
    });

    public static TheoryData<string> Versions => ["5.2", "7.2", "10.0", "11.1"];

    private static Task<QemuVm> VmAsync(string version = "7.2")
    {
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        return QemuVm.StartAsync(
            new QemuVmOptions { Binaries = QemuBinaries.TryGet(version), Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Versions))]
    public async Task QEMU_forgets_what_it_has_of_it_when_the_connection_ends_wherever_it_is_cut(string version)
    {
        await using var vm = await VmAsync(version);
        var frame = Encoding.UTF8.GetBytes(AddTwo.ToJson());
        for (var length = 1; length < frame.Length; length++)
        {
            using var socket = await GreetedAsync(vm);
            await socket.SendAsync(frame.AsMemory(0, length));
        }

        using (var rest = await GreetedAsync(vm))
        {
            // The next client's brace completes nothing.
            await rest.SendAsync("}\n"u8.ToArray());
            (await ReadLineAsync(rest)).Should().Contain("error");
        }

        (await vm.StateAsync()).Bitmaps.Should().BeEmpty();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Versions))]
    public async Task A_byte_that_is_not_JSON_drops_it_wherever_it_is_cut_with_one_error_and_the_next_command_works(string version)
    {
        await using var vm = await VmAsync(version);
        var frame = Encoding.UTF8.GetBytes(AddTwo.ToJson());
        using var socket = await GreetedAsync(vm);
        for (var length = 1; length < frame.Length; length++)
        {
            await socket.SendAsync((byte[])[.. frame[..length], 0xff, (byte)'\n']);
            (await ReadLineAsync(socket)).Should().Contain("error").And.NotContain("\"id\"");
            await socket.SendAsync(Encoding.UTF8.GetBytes("{\"execute\":\"query-name\",\"id\":" + length + "}\n"));
            (await ReadLineAsync(socket)).Should().Contain("return").And.Contain($"\"id\": {length}");
        }

        (await vm.StateAsync()).Bitmaps.Should().BeEmpty();
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Versions))]
    public async Task The_client_discards_it_and_commits_another_on_the_same_connection(string version)
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await VmAsync(version);
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), cancellationToken: token);
        for (var round = 0; round < 10; round++)
        {
            await (await client.PrepareAsync(AddTwo, token)).DiscardAsync();
            await client.QueryNameAsync(token);
        }

        (await vm.StateAsync()).Bitmaps.Should().BeEmpty();
        await using var prepared = await client.PrepareAsync(AddTwo, token);
        (await vm.StateAsync()).Bitmaps.Should().BeEmpty("QEMU has all but the last byte");
        await prepared.CommitAsync(token);
        (await vm.StateAsync()).Bitmaps.Should().HaveCount(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task One_that_is_larger_than_the_buffers_of_a_socket_is_read_before_the_commit()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await VmAsync();
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), cancellationToken: token);
        var many = TransactionCommands.Transaction.With(new TransactionArguments
        {
            Actions =
            [
                .. Enumerable.Range(0, 300).Select(i => TransactionAction.BlockDirtyBitmapAdd(
                    new BlockDirtyBitmapAdd { Node = "a", Name = i + new string('x', 900) })),
            ],
        });
        await using var prepared = await client.PrepareAsync(many, token);
        await prepared.CommitAsync(token);
        (await vm.StateAsync()).Bitmaps.Should().HaveCount(300);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_QEMU_that_does_not_read_it_is_not_waited_for_for_ever_and_never_executes_it()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await VmAsync();
        await using var client = await QmpClient.ConnectAsync(
            QmpEndpoint.Parse(vm.QmpEndpoint), new() { CommandTimeout = TimeSpan.FromMilliseconds(100) }, token);
        vm.SigStop();
        // The signal is on its way for a moment, and QEMU goes on reading.
        while (!File.ReadAllText($"/proc/{client.PeerCredentials!.ProcessId}/stat").Contains(") T ", StringComparison.Ordinal))
            await Task.Yield();
        Func<Task> prepare = () => client.PrepareAsync(AddTwo, token);
        await prepare.Should().ThrowAsync<QmpConnectionClosedException>();
        client.CloseReason!.Message.Should().Contain("did not confirm");
        vm.SigCont();
        await using var next = await QmpClient.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), cancellationToken: token);
        await next.QueryNameAsync(token);
        (await vm.StateAsync()).Bitmaps.Should().BeEmpty();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Versions))]
    public async Task Kill_9_while_the_guest_is_about_to_be_frozen_leaves_no_transaction(string version)
    {
        await using var vm = await VmAsync(version);
        await WorkflowOf.FullAsync(vm);
        var before = await vm.StateAsync();
        await using var agent = new FakeAgent(vm.Directory.File("agent"));
        var freeze = agent.On("guest-fsfreeze-freeze").Late(new TaskCompletionSource().Task);
        await using (var start = CommandOf.Start(vm.QmpEndpoint, vm, "start", "--agent", agent.Endpoint, "--freeze", "require"))
        {
            (await start.SendAtAsync(Signal.Kill, freeze.Hit)).Should().BeTrue(start.Describe());
            await start.WaitAsync();
        }

        // What was added before the transaction is there; what the transaction does is not.
        await using (var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), cancellationToken: TestContext.Current.CancellationToken))
            await client.QueryNameAsync(TestContext.Current.CancellationToken);
        var after = await vm.StateAsync();
        after.Jobs.Should().BeEmpty();
        after.Bitmaps.Should().BeEquivalentTo(before.Bitmaps);
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    private static async Task<Socket> GreetedAsync(QemuVm vm)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(vm.QmpPath));
        (await ReadLineAsync(socket)).Should().Contain("QMP");
        await socket.SendAsync(Encoding.UTF8.GetBytes(Capabilities));
        (await ReadLineAsync(socket)).Should().Contain("return");
        return socket;
    }

    private static async Task<string> ReadLineAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[1];
        while (await socket.ReceiveAsync(buffer) > 0 && buffer[0] != (byte)'\n')
            text.Append((char)buffer[0]);
        return text.ToString();
    }
}

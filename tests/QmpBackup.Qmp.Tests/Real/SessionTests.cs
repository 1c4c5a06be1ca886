using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp.Tests;

/// <summary>Sessions with a real QEMU, and their faults.</summary>
public sealed class SessionTests
{
    [Fact(Timeout = 60_000)]
    public async Task A_session_with_a_vm_has_a_greeting_answers_and_the_peer_credentials()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu =
            await QemuProgram.StartVmAsync(token, "-name", "tëst", "-uuid", "8f1d3b1e-6a5e-4d3f-9d7e-0c1c6b3a2f10", "-object", "iothread,id=io0");
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        client.Greeting.Version.Qemu.IsAtLeast(5, 2).Should().BeTrue();
        client.PeerCredentials!.ProcessId.Should().Be(qemu.ProcessId);
        (await client.QueryVersionAsync(token)).Should().Be(client.Greeting.Version);
        (await client.QueryNameAsync(token)).Name.Should().Be("tëst");
        (await client.QueryUuidAsync(token)).Uuid.Should().Be("8f1d3b1e-6a5e-4d3f-9d7e-0c1c6b3a2f10");
        (await client.QueryStatusAsync(token)).Status.Should().Be(RunState.PreLaunch);
        (await client.QueryBlockAsync(cancellationToken: token)).Should().BeEmpty();
        (await client.QueryIOThreadsAsync(token)).Single().Id.Should().Be("io0");
        (await client.QueryCommandsAsync(token)).Should().Contain(command => command.Name == "transaction");
        (await client.HumanMonitorCommandAsync("info version", cancellationToken: token)).Trim().Should().StartWith(client.Greeting.Version.ToString());
        var raw = await client.ExecuteAsync(QmpRequest.Raw("query-status"), token);
        raw.GetProperty("running").GetBoolean().Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Stop_resume_and_quit_send_their_events()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);
        await using var events = client.Subscribe();

        await client.ContAsync(token);
        await client.StopAsync(token);
        (await client.QueryStatusAsync(token)).Status.Should().Be(RunState.Paused);
        await client.QuitAsync(token);
        await client.Completion;
        await qemu.WaitForExitAsync(token);

        var names = new List<string>();
        while (events.TryRead(out var item))
            names.Add(item.Name);
        names.Should().Equal("RESUME", "STOP", "SHUTDOWN");
        client.CloseReason!.Cause.Should().Be(QmpCloseCause.ClosedByPeer);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_schema_says_what_this_qemu_can_do_and_is_read_once()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        using var logs = new LogCapture();
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, new() { LoggerFactory = logs }, token);

        var schema = await client.GetSchemaAsync(token);
        var version = client.Greeting.Version.Qemu;

        (await client.GetSchemaAsync(token)).Should().BeSameAs(schema);
        schema.Commands.Should().BeEquivalentTo((await client.QueryCommandsAsync(token)).Select(command => command.Name));
        schema.HasEvent("JOB_STATUS_CHANGE").Should().BeTrue();
        schema.HasBlockdevDriver("qcow2").Should().BeTrue();
        schema.HasBlockdevDriver("snapshot-access").Should().Be(version.IsAtLeast(7, 0));
        schema.HasArgument("blockdev-add", "driver=copy-before-write/on-cbw-error").Should().Be(version.IsAtLeast(7, 1));
        schema.HasArgument("blockdev-add", "driver=qcow2/on-cbw-error").Should().BeFalse();
        schema.HasArgument("blockdev-backup", "on-cbw-error").Should().Be(version.IsAtLeast(10, 1));
        schema.HasArgument("transaction", "actions/type=blockdev-backup/data/filter-node-name").Should().BeTrue();
        schema.SupportsBitmapNodeReference.Should().Be(version.IsAtLeast(7, 1));
        schema.HasEnumValue("blockdev-backup", "sync", "bitmap").Should().BeTrue();
        schema.HasObjectType("tls-creds-x509").Should().BeTrue();
        schema.HasResult("query-named-block-nodes", "dirty-bitmaps/inconsistent").Should().BeTrue();
        foreach (var action in (string[])
            ["abort", "block-dirty-bitmap-add", "block-dirty-bitmap-remove", "block-dirty-bitmap-clear", "block-dirty-bitmap-enable",
                "block-dirty-bitmap-disable", "block-dirty-bitmap-merge", "blockdev-backup", "blockdev-snapshot", "blockdev-snapshot-sync",
                "blockdev-snapshot-internal-sync", "drive-backup"])
        {
            schema.HasTransactionAction(action).Should().BeTrue(action);
        }

        logs.Entries.Count(entry => entry.EventId == QmpLogEvents.CommandSent && entry.Message.Contains("query-qmp-schema", StringComparison.Ordinal))
            .Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pretty_printing_monitor_works()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartAsync(
            "qemu-storage-daemon", [], ["--chardev", "socket,path={0}/q,server=on,wait=off,id=q", "--monitor", "chardev=q,pretty=on"], token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        (await client.GetSchemaAsync(token)).HasCommand("blockdev-add").Should().BeTrue();
        await client.BlockdevAddAsync(new BlockdevOptionsNullCo { NodeName = "n", Size = 4096 }, token);
        (await client.QueryNamedBlockNodesAsync(flat: true, token)).Single().Image.VirtualSize.Should().Be(4096);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_monitor_in_use_is_reported_and_can_be_waited_for()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        var first = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        Func<Task> second = () => QmpClient.ConnectAsync(qemu.Endpoint, new() { GreetingTimeout = TimeSpan.FromMilliseconds(200) }, token);
        var error = (await second.Should().ThrowAsync<QmpConnectException>()).Which;
        error.Reason.Should().Be(QmpConnectFailure.NoGreeting);
        error.Message.Should().Contain("in use by another client");

        var waiting = QmpClient.ConnectAsync(qemu.Endpoint, new() { GreetingTimeout = Timeout.InfiniteTimeSpan }, token);
        await first.DisposeAsync();
        await using var third = await waiting;
        (await third.QueryStatusAsync(token)).Running.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Commands_to_a_stopped_qemu_time_out_and_the_session_works_after_it_continues()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        using var logs = new LogCapture();
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, new() { LoggerFactory = logs }, token);
        qemu.Pause();

        Func<Task> call = () => client.ExecuteAsync(QmpRequest.Raw("query-name"), TimeSpan.FromMilliseconds(100), token);
        (await call.Should().ThrowAsync<QmpTimeoutException>()).Which.CommandSent.Should().BeTrue();
        Func<Task> connect = () => QmpClient.ConnectAsync(qemu.Endpoint, new() { GreetingTimeout = TimeSpan.FromMilliseconds(100) }, token);
        (await connect.Should().ThrowAsync<QmpConnectException>()).Which.Reason.Should().Be(QmpConnectFailure.NoGreeting);
        var next = client.QueryStatusAsync(token);
        next.IsCompleted.Should().BeFalse();

        qemu.Continue();
        (await next).Running.Should().BeFalse();
        logs.Has(QmpLogEvents.LateReply).Should().BeTrue();
        (await client.QueryUuidAsync(token)).IsSet.Should().BeFalse();
    }

    [Fact(Timeout = 60_000)]
    public async Task Killing_qemu_ends_all_pending_calls_and_subscriptions()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);
        await using var events = client.Subscribe();
        qemu.Pause();
        Task[] calls = [.. Enumerable.Range(0, 20).Select(_ => (Task)client.QueryStatusAsync(token))];
        Task waiting = events.WaitForEventAsync(_ => true, token);
        qemu.Kill();

        foreach (var call in calls.Append(waiting))
            await call.Invoking(task => task).Should().ThrowAsync<QmpConnectionClosedException>();
        await client.Completion;
        client.CloseReason!.Cause.Should().Be(QmpCloseCause.ClosedByPeer);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_monitor_on_a_tcp_port_works()
    {
        var token = TestContext.Current.CancellationToken;
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        await using var qemu = await QemuProgram.StartVmAsync(token, "-qmp", $"tcp:127.0.0.1:{port},server=on,wait=off");
        await using var client = await QmpClient.ConnectAsync(QmpEndpoint.Parse($"tcp:127.0.0.1:{port}"), cancellationToken: token);

        (await client.GetSchemaAsync(token)).HasCommand("transaction").Should().BeTrue();
        client.PeerCredentials.Should().BeNull();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_hundred_concurrent_callers_get_their_own_answers()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        await Parallel.ForAsync(0, 100, token, async (i, inner) =>
        {
            var text = await client.HumanMonitorCommandAsync($"print /d {i}", cancellationToken: inner);
            text.Trim().Should().Be($"{i}");
        });
    }

    [Fact(Timeout = 60_000)]
    public async Task A_command_that_qemu_cannot_parse_fails_alone()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);
        var deep = new string('[', 1100) + new string(']', 1100);
        var arguments = JsonDocument.Parse("{\"a\":" + deep + "}", new JsonDocumentOptions { MaxDepth = 2000 }).RootElement;

        Func<Task> call = () => client.ExecuteAsync(QmpRequest.Raw("query-name", arguments), TimeSpan.FromSeconds(10), token);
        await call.Should().ThrowAsync<QmpException>("QEMU answers an error without an id, or several");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_refusal_of_qemu_has_its_error_class()
    {
        var token = TestContext.Current.CancellationToken;
        await using var qemu = await QemuProgram.StartVmAsync(token);
        await using var client = await QmpClient.ConnectAsync(qemu.Endpoint, cancellationToken: token);

        Func<Task> unknown = () => client.ExecuteAsync(QmpRequest.Raw("no-such-command"), token);
        (await unknown.Should().ThrowAsync<QmpCommandException>()).Which.ErrorClass.Should().Be(QmpErrorClass.CommandNotFound);
        Func<Task> del = () => client.BlockdevDelAsync("none", token);
        (await del.Should().ThrowAsync<QmpCommandException>()).Which.ErrorClass.Should().Be(QmpErrorClass.GenericError);
    }

    [Fact(Timeout = 60_000)]
    public async Task Connecting_as_soon_as_the_socket_appears_always_works()
    {
        var token = TestContext.Current.CancellationToken;
        for (var round = 0; round < 20; round++)
        {
            await using var qemu = await QemuProgram.StartStorageDaemonAsync(token);
            await using var client = await ConnectWhenReadyAsync(qemu.Endpoint, token);
            (await client.QueryVersionAsync(token)).Qemu.Major.Should().BeGreaterThan(4);
        }
    }

    /// <summary>QEMU binds its socket a moment before it listens on it.</summary>
    private static async Task<QmpClient> ConnectWhenReadyAsync(QmpEndpoint endpoint, CancellationToken token)
    {
        while (true)
        {
            try
            {
                return await QmpClient.ConnectAsync(endpoint, cancellationToken: token);
            }
            catch (QmpConnectException error) when (error.Reason == QmpConnectFailure.Refused)
            {
                token.ThrowIfCancellationRequested();
            }
        }
    }
}

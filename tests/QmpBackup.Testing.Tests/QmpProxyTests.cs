namespace QmpBackup.Testing.Tests;

public sealed class QmpProxyTests
{
    [Fact(Timeout = 60_000)]
    public async Task The_proxy_records_commands_and_injects_an_error_at_the_chosen_occurrence()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], PrettyMonitor = true }, token);
        await using var proxy = QmpProxy.Start(vm);
        proxy.On("query-name", 2).Fail("GenericError", "not today");
        await using var client = await QmpMonitor.ConnectAsync(proxy.Path, token);
        await client.ExecuteAsync("query-name", null, token);
        var second = () => client.ExecuteAsync("query-name", null, token);
        (await second.Should().ThrowAsync<QmpMonitorException>()).WithMessage("*not today*");
        (await client.ExecuteAsync("query-name", null, token)).GetProperty("name").GetString().Should().Be("testvm");
        proxy.Commands.Select(one => one.Name).Should().Equal("qmp_capabilities", "query-name", "query-name", "query-name");
    }

    [Fact(Timeout = 60_000)]
    public async Task The_proxy_cuts_before_and_after_QEMU_ran_the_command()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await QemuVm.StartAsync(token);
        await using var proxy = QmpProxy.Start(vm);
        proxy.On("block-dirty-bitmap-add").CutBefore();
        proxy.On("block-dirty-bitmap-add", 2).CutWithoutReply();
        foreach (var bitmaps in new[] { 0, 1 })
        {
            await using var client = await QmpMonitor.ConnectAsync(proxy.Path, token);
            var add = () => client.ExecuteAsync("block-dirty-bitmap-add", """{"node":"a","name":"b0"}""", token);
            await add.Should().ThrowAsync<IOException>();
            (await vm.StateAsync(token)).Bitmaps.Should().HaveCount(bitmaps);
        }

        proxy.Connections.Should().Be(2);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_proxy_delays_changes_and_drops_replies_and_hangs()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await QemuVm.StartAsync(token);
        await using var proxy = QmpProxy.Start(vm);
        await using var client = await QmpMonitor.ConnectAsync(proxy.Path, token);

        var release = new TaskCompletionSource();
        var held = proxy.On("query-uuid").HoldUntil(release.Task);
        var uuid = client.ExecuteAsync("query-uuid", null, token);
        await held.Hit;
        uuid.IsCompleted.Should().BeFalse();
        release.SetResult();
        await uuid;
        await held.Answered;

        proxy.On("query-version").ChangeReply(reply =>
        {
            reply["return"]!["qemu"]!["major"] = 99;
            return reply;
        });
        var version = await client.ExecuteAsync("query-version", null, token);
        version.GetProperty("qemu").GetProperty("major").GetInt32().Should().Be(99);

        proxy.On("query-kvm").SwallowReply();
        var swallowed = client.ExecuteAsync("query-kvm", null, token);
        await client.ExecuteAsync("query-name", null, token);
        swallowed.IsCompleted.Should().BeFalse();

        await proxy.InjectAsync("""{"event":"STOP","timestamp":{"seconds":1,"microseconds":1}}"""u8.ToArray());
        await client.WaitForEventAsync("STOP", null, token);

        var hanging = proxy.On("query-name").Hang();
        var hung = client.ExecuteAsync("query-name", null, token);
        await hanging.Hit;
        hung.IsCompleted.Should().BeFalse();
        proxy.CutAll();
        var failing = () => hung;
        await failing.Should().ThrowAsync<IOException>();
    }
}

using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>The VM is reset, stopped or ends, or the connection is cut, while a backup is open.</summary>
public sealed class VmFateTests
{
    public static TheoryData<string?, bool> VersionsAndEnds => new() { { null, false }, { "10.0", true }, { "11.1", false } };

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task A_reset_of_the_VM_is_no_event(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Monitor.WaitForEventAsync("RESET");
        await chain.WriteAsync(3, 0x44);
        var status = await StatusAsync(chain.Vm);
        (status.Problem, status.Remarks.Length).Should().Be((null, 0));
        await chain.PointShouldBeWhatItWasAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task A_VM_that_is_paused_is_said_to_be_and_its_backup_is_closed_without_setting_it_going(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await chain.Vm.Monitor.ExecuteAsync("stop");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.Should().Contain("paused");
        await chain.PointShouldBeWhatItWasAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync(chain.Before with { Status = "paused" });
        (await chain.Vm.StateAsync()).Status.Should().Be("paused");
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task A_guest_that_shuts_down_in_a_QEMU_that_stays_leaves_a_backup_that_can_be_read_and_closed(string? version, bool finish)
    {
        // With -no-reboot a reset is the guest's end, which the halted guest cannot bring about itself.
        await using var chain = await OpenChain.StartAsync(version, null, "-no-reboot", "-no-shutdown");
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Monitor.WaitForEventAsync("SHUTDOWN");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.Should().Contain("shut down");
        await chain.PointShouldBeWhatItWasAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync(chain.Before with { Status = "shutdown" });
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_guest_that_powers_off_ends_QEMU_and_the_next_increment_after_its_return_misses_nothing(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version, null, "-no-reboot");
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Process.WaitAsync(TestContext.Current.CancellationToken);
        await chain.Vm.RestartAsync(TestContext.Current.CancellationToken);
        var status = await StatusAsync(chain.Vm);
        (status.Session, status.Interrupted).Should().Be((null, chain.Session.Checkpoint));
        await AbortAsync(chain.Vm);
        (await chain.Vm.StateAsync()).Should().BeEquivalentTo(chain.Before, o => o.Excluding(s => s.Bitmaps).Excluding(s => s.Twins));
        // Nothing tells any more where its scratch was, and it was not where scratches are by default.
        foreach (var left in System.IO.Directory.EnumerateDirectories(chain.Vm.Directory.Path, "qbackup-*"))
            System.IO.Directory.Delete(left, true);
        await chain.WriteAsync(4, 0x55);
        await chain.NextShouldBeWholeAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_connection_cut_at_any_command_of_the_closing_loses_nothing_and_a_repetition_goes_on(bool finish, bool commandReachesQemu)
    {
        await using var chain = await OpenChain.StartAsync(null);
        var rounds = 0;
        for (var step = 1; ; step++)
        {
            await using var proxy = QmpProxy.Start(chain.Vm);
            // Each time the next command of those that change something, of a plan that gets shorter with what is done already.
            var rule = proxy.Add(c => !c.Name.StartsWith("query-", StringComparison.Ordinal) && !c.Name.StartsWith("qom-", StringComparison.Ordinal) && c.Name is not "qmp_capabilities" and not "x-debug-query-block-graph",
                commandReachesQemu ? 1 : step);
            _ = commandReachesQemu ? rule.CutWithoutReply() : rule.CutBefore();
            try
            {
                await using var workflow = await ConnectAsync(proxy.Endpoint);
                if (finish)
                    await workflow.FinishAsync();
                else
                    await workflow.AbortAsync();
                break;
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.BackupFailed)
            {
                e.Message.Should().Contain("connection");
                rounds++;
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.NothingOpen)
            {
                break;
            }
        }

        rounds.Should().BeGreaterThan(3);
        await chain.WriteAsync(4, 0x55);
        if (finish)
            await chain.NextShouldBeWholeAsync(chain.Session.Checkpoint, chain.Point);
        else
            await chain.NextShouldBeWholeAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task QEMU_does_not_resize_a_disk_whose_backup_is_open_and_after_it_the_increment_has_the_new_size(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        var resize = () => chain.Vm.Monitor.ExecuteAsync("block_resize", $$"""{"node-name":"a","size":{{24 * OpenChain.Mib}}}""");
        await resize.Should().ThrowAsync<QmpMonitorException>();
        await chain.PointShouldBeWhatItWasAsync();
        await FinishAsync(chain.Vm);
        await resize.Should().NotThrowAsync();
        await chain.WriteAsync(4, 0x55);
        (await chain.Vm.Monitor.HumanAsync($"qemu-io -d /machine/peripheral/vd-a/virtio-backend \"write -P 0x66 {20 * OpenChain.Mib} 65536\"")).Should().BeEmpty();
        var expected = new byte[24 * OpenChain.Mib];
        chain.Vm.Snapshot("a").CopyTo(expected, 0);
        expected.AsSpan(20 * OpenChain.Mib, 65536).Fill(0x66);
        var next = await StartAsync(chain.Vm, r => r with { Level = LevelChoice.Incremental });
        next.Disk("a").Size.Should().Be(expected.Length);
        await next.Disk("a").ShouldMakeOfAsync(chain.Point["a"], expected, chain.Vm);
        await AbortAsync(chain.Vm);
    }
}

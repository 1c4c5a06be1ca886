using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>The VM is reset, paused or ends, or the connection is cut, while a backup is open.</summary>
public sealed class VmEventTests
{
    public static TheoryData<string?, bool> VersionsAndEnds => new() { { null, false }, { "10.0", true }, { "11.1", false } };

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task Reset_does_not_affect_an_open_backup(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Monitor.WaitForEventAsync("RESET");
        await chain.WriteAsync(3, 0x44);
        var status = await StatusAsync(chain.Vm);
        (status.Problem, status.Remarks.Length).Should().Be((null, 0));
        await chain.PointShouldBeUnchangedAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task Status_reports_a_paused_VM_and_closing_its_backup_does_not_resume_it(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await chain.Vm.Monitor.ExecuteAsync("stop");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("paused");
        await chain.PointShouldBeUnchangedAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync(chain.Before with { Status = "paused" });
        (await chain.Vm.StateAsync()).Status.Should().Be("paused");
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VersionsAndEnds))]
    public async Task The_backup_can_be_read_and_closed_after_the_guest_shut_down_and_QEMU_stayed(string? version, bool finish)
    {
        // With -no-reboot a reset shuts the guest down, which the halted guest cannot do itself.
        await using var chain = await OpenChain.StartAsync(version, null, "-no-reboot", "-no-shutdown");
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Monitor.WaitForEventAsync("SHUTDOWN");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("shut down");
        await chain.PointShouldBeUnchangedAsync();
        if (finish)
            await chain.FinishShouldCommitAsync();
        else
            await chain.AbortShouldLeaveNothingAsync(chain.Before with { Status = "shutdown" });
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task The_increment_after_a_power_off_and_a_new_boot_misses_nothing(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version, null, "-no-reboot");
        await chain.Vm.Monitor.ExecuteAsync("system_reset");
        await chain.Vm.Process.WaitAsync(TestContext.Current.CancellationToken);
        await chain.Vm.RestartAsync(TestContext.Current.CancellationToken);
        var status = await StatusAsync(chain.Vm);
        (status.Session, status.Interrupted).Should().Be((null, chain.Session.Checkpoint));
        await AbortAsync(chain.Vm);
        (await chain.Vm.StateAsync()).Should().BeEquivalentTo(chain.Before, o => o.Excluding(s => s.Bitmaps).Excluding(s => s.Twins));
        // The scratch folder was next to the image, not in the default directory, and is found there.
        chain.Vm.ShouldHaveNoScratch();
        await chain.WriteAsync(4, 0x55);
        await chain.NextShouldMissNothingAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Finish_or_abort_can_be_repeated_after_a_connection_cut_at_any_command(bool finish, bool commandReachesQemu)
    {
        await using var chain = await OpenChain.StartAsync(null);
        var rounds = 0;
        for (var step = 1; ; step++)
        {
            await using var proxy = QmpProxy.Start(chain.Vm);
            // Each round cuts at the next command that changes something. The plan gets shorter with what is done already.
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
            await chain.NextShouldMissNothingAsync(chain.Session.Checkpoint!.Value, chain.Point);
        else
            await chain.NextShouldMissNothingAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task QEMU_refuses_to_resize_a_disk_during_its_backup_and_allows_it_afterwards(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        var resize = () => chain.Vm.Monitor.ExecuteAsync("block_resize", $$"""{"node-name":"a","size":{{24 * OpenChain.Mib}}}""");
        await resize.Should().ThrowAsync<QmpMonitorException>();
        await chain.PointShouldBeUnchangedAsync();
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

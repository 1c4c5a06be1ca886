using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>The VM is migrated while a backup is open, or is to be.</summary>
public sealed class MigrationTests
{
    private static async Task CapableAsync(QemuVm vm, string capability) => await vm.Monitor.ExecuteAsync(
        "migrate-set-capabilities", $$"""{"capabilities":[{"capability":"{{capability}}","state":true}]}""");

    private static async Task MigrationAsync(QemuVm vm, params string[] status) => await vm.Monitor.WaitForEventAsync(
        "MIGRATION", e => status.Contains(e.GetProperty("data").GetProperty("status").GetString()), TestContext.Current.CancellationToken);

    private static async Task MigrateAsync(QemuVm vm, string uri) => await vm.Monitor.ExecuteAsync("migrate", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");

    /// <summary>A QEMU like the first, on the same images, that waits for it to come.</summary>
    private static Task<QemuVm> DestinationAsync(QemuVm source, bool paused = false)
    {
        List<string> arguments = ["-incoming", "defer"];
        foreach (var disk in source.Disks)
        {
            arguments.AddRange(["-blockdev", $$"""{"driver":"file","node-name":"{{disk.Name}}-file","filename":{{QmpMonitor.Quote(source.ImagePath(disk.Name))}},"discard":"unmap"}"""]);
            arguments.AddRange(["-blockdev", $$"""{"driver":"qcow2","node-name":"{{disk.Name}}","file":"{{disk.Name}}-file","discard":"unmap"}"""]);
            arguments.AddRange(["-device", $"virtio-blk-pci,drive={disk.Name},id=vd-{disk.Name}"]);
        }

        return QemuVm.StartAsync(new QemuVmOptions { Binaries = source.Binaries, ExtraArguments = arguments, Paused = paused }, TestContext.Current.CancellationToken);
    }

    private static async Task RefusedAsync(QemuVm vm, BackupErrorCode code, string reason)
    {
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm);
        var failure = (await start.Should().ThrowAsync<BackupException>()).Which;
        (failure.Code, failure.Message).Should().Be((code, failure.Message));
        failure.Message.Should().Contain(reason);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_migration_under_an_open_backup_fails_and_the_guest_and_the_backup_go_on(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await CapableAsync(chain.Vm, "events");
        await MigrateAsync(chain.Vm, "exec:cat>/dev/null");
        await MigrationAsync(chain.Vm, "failed");
        while ((await chain.Vm.StateAsync()).Status != "running")
            await chain.Vm.Monitor.WaitForEventAsync("RESUME");
        await chain.WriteAsync(3, 0x44);
        var status = await StatusAsync(chain.Vm);
        (status.Problem, status.Remarks.Length).Should().Be((null, 0));
        await chain.PointShouldBeWhatItWasAsync();
        await chain.AbortShouldLeaveNothingAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_VM_that_has_come_and_waits_is_planned_as_it_is_started_not_before_it_runs(string version)
    {
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        await using var source = await QemuVm.StartAsync(new QemuVmOptions { Binaries = binaries, Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        await using var there = await DestinationAsync(source, paused: true);
        var uri = "unix:" + source.Directory.File("migrate");
        await CapableAsync(there, "events");
        await there.Monitor.ExecuteAsync("migrate-incoming", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");
        await MigrateAsync(source, uri);
        await MigrationAsync(there, "completed");
        await using (var workflow = await ConnectAsync(there))
        {
            (await workflow.ObserveAsync()).Disks.Single().Node.IsInactive.Should().BeTrue();
            var plan = () => workflow.PlanStartAsync(Request(there));
            (await plan.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("inactive");
        }

        await there.Monitor.ExecuteAsync("cont");
        await StartAsync(there);
        await AbortAsync(there);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, false)]
    [InlineData("10.0", true)]
    [InlineData("11.1", false)]
    [InlineData("11.1", true)]
    public async Task A_backup_closed_in_time_lets_the_migration_through_and_its_chain_goes_on_at_the_destination(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await using var there = await DestinationAsync(chain.Vm);
        var uri = "unix:" + chain.Vm.Directory.File("migrate");
        await there.Monitor.ExecuteAsync("migrate-incoming", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");
        await RefusedAsync(there, BackupErrorCode.Busy, "has not arrived");
        (await StatusAsync(there)).Remarks.Should().ContainSingle().Which.Should().Contain("being migrated to this QEMU");
        (await AbortAsync(there)).Steps.Should().BeEmpty();

        await CapableAsync(chain.Vm, "events");
        await CapableAsync(chain.Vm, "pause-before-switchover");
        await MigrateAsync(chain.Vm, uri);
        await MigrationAsync(chain.Vm, "pre-switchover");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.Should().Contain("lets it through");
        await chain.PointShouldBeWhatItWasAsync();
        if (finish)
            await FinishAsync(chain.Vm);
        else
            await AbortAsync(chain.Vm);
        await RefusedAsync(chain.Vm, BackupErrorCode.Busy, "is being migrated");
        await chain.Vm.Monitor.ExecuteAsync("migrate-continue", """{"state":"pre-switchover"}""");
        await MigrationAsync(chain.Vm, "completed");
        await there.Monitor.WaitForEventAsync("RESUME");

        await RefusedAsync(chain.Vm, BackupErrorCode.CommandRefused, "migrated away");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.Should().Contain("migrated away");
        var (parent, before) = finish ? (chain.Session.Checkpoint, chain.Point) : (chain.Full, chain.First);
        foreach (var disk in chain.Disks)
            (await there.Monitor.HumanAsync($"qemu-io -d /machine/peripheral/vd-{disk}/virtio-backend \"write -P 0x66 {5 * OpenChain.Mib} 65536\"")).Should().BeEmpty();
        var next = await StartAsync(there);
        foreach (var disk in chain.Disks)
        {
            var expected = chain.Vm.Snapshot(disk);
            expected.AsSpan(5 * OpenChain.Mib, 65536).Fill(0x66);
            next.Disk(disk).Parent.Should().Be(parent);
            await next.Disk(disk).ShouldMakeOfAsync(before[disk], expected, there);
        }

        await FinishAsync(there);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_VM_that_comes_back_to_life_where_it_was_has_its_chain_again(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await AbortAsync(chain.Vm);
        await CapableAsync(chain.Vm, "events");
        await MigrateAsync(chain.Vm, "exec:cat>/dev/null");
        await MigrationAsync(chain.Vm, "completed");
        await RefusedAsync(chain.Vm, BackupErrorCode.CommandRefused, "migrated away");
        await chain.Vm.Monitor.ExecuteAsync("cont");
        await chain.WriteAsync(4, 0x55);
        await chain.NextShouldBeWholeAsync(chain.Full, chain.First);
    }
}

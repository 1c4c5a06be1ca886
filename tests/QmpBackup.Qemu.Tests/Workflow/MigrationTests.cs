using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>The VM is migrated while a backup is open or about to be opened.</summary>
public sealed class MigrationTests
{
    private static async Task SetCapabilityAsync(QemuVm vm, string capability) => await vm.Monitor.ExecuteAsync(
        "migrate-set-capabilities", $$"""{"capabilities":[{"capability":"{{capability}}","state":true}]}""");

    private static async Task WaitForMigrationAsync(QemuVm vm, params string[] status) => await vm.Monitor.WaitForEventAsync(
        "MIGRATION", e => status.Contains(e.GetProperty("data").GetProperty("status").GetString()), TestContext.Current.CancellationToken);

    private static async Task MigrateAsync(QemuVm vm, string uri) => await vm.Monitor.ExecuteAsync("migrate", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");

    /// <summary>A second QEMU on the same images that waits for the incoming migration.</summary>
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

    private static async Task ShouldRefuseStartAsync(QemuVm vm, BackupErrorCode code, string reason)
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
    public async Task A_migration_during_an_open_backup_fails_and_the_guest_and_the_backup_continue(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await SetCapabilityAsync(chain.Vm, "events");
        await MigrateAsync(chain.Vm, "exec:cat>/dev/null");
        await WaitForMigrationAsync(chain.Vm, "failed");
        while ((await chain.Vm.StateAsync()).Status != "running")
            await chain.Vm.Monitor.WaitForEventAsync("RESUME");
        await chain.WriteAsync(3, 0x44);
        var status = await StatusAsync(chain.Vm);
        (status.Problem, status.Remarks.Length).Should().Be((null, 0));
        await chain.PointShouldBeUnchangedAsync();
        await chain.AbortShouldLeaveNothingAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_migrated_VM_that_is_paused_cannot_be_planned_until_it_runs(string version)
    {
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        await using var source = await QemuVm.StartAsync(new QemuVmOptions { Binaries = binaries, Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        await using var destination = await DestinationAsync(source, paused: true);
        var uri = "unix:" + source.Directory.File("migrate");
        await SetCapabilityAsync(destination, "events");
        await destination.Monitor.ExecuteAsync("migrate-incoming", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");
        await MigrateAsync(source, uri);
        await WaitForMigrationAsync(destination, "completed");
        await using (var workflow = await ConnectAsync(destination))
        {
            (await workflow.ObserveAsync()).Disks.Single().Node.IsInactive.Should().BeTrue();
            var plan = () => workflow.PlanStartAsync(Request(destination));
            (await plan.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("inactive");
        }

        await destination.Monitor.ExecuteAsync("cont");
        await StartAsync(destination);
        await AbortAsync(destination);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, false)]
    [InlineData("10.0", true)]
    [InlineData("11.1", false)]
    [InlineData("11.1", true)]
    public async Task After_a_closed_backup_the_VM_migrates_and_the_chain_continues_at_the_destination(string? version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await using var destination = await DestinationAsync(chain.Vm);
        var uri = "unix:" + chain.Vm.Directory.File("migrate");
        await destination.Monitor.ExecuteAsync("migrate-incoming", $$"""{"uri":{{QmpMonitor.Quote(uri)}}}""");
        await ShouldRefuseStartAsync(destination, BackupErrorCode.Busy, "has not arrived");
        (await StatusAsync(destination)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("being migrated to this QEMU");
        (await AbortAsync(destination)).Steps.Should().BeEmpty();

        await SetCapabilityAsync(chain.Vm, "events");
        await SetCapabilityAsync(chain.Vm, "pause-before-switchover");
        await MigrateAsync(chain.Vm, uri);
        await WaitForMigrationAsync(chain.Vm, "pre-switchover");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("close it with");
        await chain.PointShouldBeUnchangedAsync();
        if (finish)
            await FinishAsync(chain.Vm);
        else
            await AbortAsync(chain.Vm);
        await ShouldRefuseStartAsync(chain.Vm, BackupErrorCode.Busy, "is being migrated");
        await chain.Vm.Monitor.ExecuteAsync("migrate-continue", """{"state":"pre-switchover"}""");
        await WaitForMigrationAsync(chain.Vm, "completed");
        await destination.Monitor.WaitForEventAsync("RESUME");

        await ShouldRefuseStartAsync(chain.Vm, BackupErrorCode.CommandRefused, "migrated away");
        (await StatusAsync(chain.Vm)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("migrated away");
        var (parent, before) = finish ? (chain.Session.Checkpoint!.Value, chain.Point) : (chain.Full, chain.First);
        foreach (var disk in chain.Disks)
        {
            (await destination.Monitor.HumanAsync(
                $"qemu-io -d /machine/peripheral/vd-{disk}/virtio-backend \"write -P 0x66 {5 * OpenChain.Mib} 65536\"")).Should().BeEmpty();
        }

        var next = await StartAsync(destination);
        foreach (var disk in chain.Disks)
        {
            var expected = chain.Vm.Snapshot(disk);
            expected.AsSpan(5 * OpenChain.Mib, 65536).Fill(0x66);
            next.Disk(disk).Parent.Should().Be(parent);
            await next.Disk(disk).ShouldMakeOfAsync(before[disk], expected, destination);
        }

        await FinishAsync(destination);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_VM_that_resumes_at_the_source_keeps_its_chain(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await AbortAsync(chain.Vm);
        await SetCapabilityAsync(chain.Vm, "events");
        await MigrateAsync(chain.Vm, "exec:cat>/dev/null");
        await WaitForMigrationAsync(chain.Vm, "completed");
        await ShouldRefuseStartAsync(chain.Vm, BackupErrorCode.CommandRefused, "migrated away");
        await chain.Vm.Monitor.ExecuteAsync("cont");
        await chain.WriteAsync(4, 0x55);
        await chain.NextShouldMissNothingAsync(chain.Full, chain.First);
    }
}

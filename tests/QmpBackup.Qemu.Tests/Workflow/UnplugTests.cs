using QmpBackup.Model;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>A disk is unplugged while its backup is open. A SCSI or USB disk disappears at once, without the guest's help.</summary>
public sealed class UnplugTests
{
    private static QemuVmOptions Options(string? version, bool usb, bool legacy)
    {
        var drive = legacy ? "drv-p" : "p";
        return new QemuVmOptions
        {
            Binaries = OpenChain.Binaries(version),
            Disks = [new TestDisk("a"), new TestDisk("p") { Attached = false, Legacy = legacy }],
            ExtraArguments = usb
                ? ["-device", "qemu-xhci,id=xhci", "-device", $"usb-storage,bus=xhci.0,id=dev-p,drive={drive}"]
                : ["-device", "virtio-scsi-pci,id=scsi", "-device", $"scsi-hd,bus=scsi.0,id=dev-p,drive={drive}"],
        };
    }

    private static async Task UnplugAsync(QemuVm vm)
    {
        await vm.Monitor.ExecuteAsync("device_del", """{"id":"dev-p"}""");
        await vm.Monitor.WaitForEventAsync("DEVICE_DELETED", e => e.GetProperty("data").TryGetProperty("device", out var id) && id.GetString() == "dev-p");
    }

    private static async Task PlugAsync(QemuVm vm, bool legacy = false) =>
        await vm.Monitor.ExecuteAsync("device_add", $$"""{"driver":"scsi-hd","bus":"scsi.0","id":"dev-p","drive":"{{(legacy ? "drv-p" : "p")}}"}""");

    [Theory(Timeout = 120_000)]
    [InlineData(null, false)]
    [InlineData(null, true)]
    [InlineData("10.0", true)]
    [InlineData("11.1", false)]
    [InlineData("11.1", true)]
    public async Task An_unplugged_disk_with_its_own_node_stays_readable_and_its_chain_continues_later(string? version, bool finish)
    {
        await using var chain = await OpenChain.WithAsync(Options(version, usb: false, legacy: false));
        await UnplugAsync(chain.Vm);
        var status = await StatusAsync(chain.Vm);
        (status.Problem, status.Remarks.Single().ToString()).Should().Be((null, "Disk p was unplugged from the VM."));
        // If it were plugged in again, its writes would bypass the filter that keeps the point in time: QEMU refuses that.
        var plug = () => PlugAsync(chain.Vm);
        await plug.Should().ThrowAsync<QmpMonitorException>();
        await chain.PointShouldBeUnchangedAsync();
        if (finish)
            await FinishAsync(chain.Vm);
        else
            await AbortAsync(chain.Vm);
        chain.Vm.ShouldHaveNoScratch();
        await plug.Should().NotThrowAsync();
        await chain.WriteAsync(4, 0x55);
        if (finish)
            await chain.NextShouldMissNothingAsync(chain.Session.Checkpoint!.Value, chain.Point);
        else
            await chain.NextShouldMissNothingAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("11.1")]
    public async Task An_unplugged_USB_disk_behaves_the_same(string? version)
    {
        var options = Options(version, usb: true, legacy: false);
        await using var vm = await QemuVm.StartAsync(options);
        await FullAsync(vm);
        var before = await vm.StateAsync();
        var session = await StartAsync(vm);
        await UnplugAsync(vm);
        (await StatusAsync(vm)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("unplugged");
        await session.Disk("p").ShouldReadAsync(vm.Snapshot("p"), vm);
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before, o => o.Excluding(s => s.Devices));
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, Fleecing.Overlay)]
    [InlineData("10.0", Fleecing.Overlay)]
    [InlineData("10.0", Fleecing.SnapshotAccess)]
    [InlineData("11.1", Fleecing.Overlay)]
    [InlineData("11.1", Fleecing.SnapshotAccess)]
    public async Task Unplugging_a_disk_made_with_drive_ends_its_job_and_abort_closes_the_rest(string? version, Fleecing fleecing)
    {
        await using var chain = await OpenChain.WithAsync(Options(version, usb: false, legacy: true), fleecing);
        await UnplugAsync(chain.Vm);
        (await StatusAsync(chain.Vm)).Problem.Should().Contain("unplugged");
        var finish = () => FinishAsync(chain.Vm);
        var failure = (await finish.Should().ThrowAsync<BackupException>()).Which;
        (failure.Code, failure.Message).Should().Be((BackupErrorCode.BackupFailed, failure.Message));
        failure.Message.Should().Contain("unplugged");

        await AbortAsync(chain.Vm);
        chain.Vm.IsRunning.Should().BeTrue();
        var after = await chain.Vm.StateAsync();
        (after.Jobs.Count, after.Exports.Count, after.NbdServerRuns).Should().Be((0, 0, false));
        after.Objects.Should().BeEquivalentTo(chain.Before.Objects);
        chain.Vm.ShouldHaveNoScratch();

        // The disk comes back while a backup of the other disk is open: its bitmaps belong to the aborted backup.
        await chain.Vm.WriteAsync("a", 5 * OpenChain.Mib, 0x56, OpenChain.Mib);
        var alone = await StartAsync(chain.Vm);
        alone.Disks.Select(d => d.Name).Should().Equal("a");
        await alone.Disk("a").ShouldMakeOfAsync(chain.First["a"], chain.Vm.Snapshot("a"), chain.Vm);
        await chain.Vm.Monitor.HumanAsync($"drive_add dummy if=none,id=drv-p,file={chain.Vm.ImagePath("p")},format=qcow2,discard=unmap");
        await PlugAsync(chain.Vm, legacy: true);
        await FinishAsync(chain.Vm);

        await OpenChain.WriteThroughAsync(chain.Vm, "p", "dev-p", 4, 0x55);
        var next = await StartAsync(chain.Vm);
        chain.Of(next, "p").Parent.Should().Be(chain.Full);
        await chain.Of(next, "p").ShouldMakeOfAsync(chain.First["p"], chain.Vm.Snapshot("p"), chain.Vm);
        next.Disk("a").Parent.Should().Be(alone.Checkpoint);
        await FinishAsync(chain.Vm);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task Removing_a_bitmap_during_abort_does_not_kill_the_VM(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await using var proxy = QmpProxy.Start(chain.Vm);
        var removing = new TaskCompletionSource();
        var rule = proxy.On("transaction").HoldUntil(removing.Task);
        await using var workflow = await ConnectAsync(proxy.Endpoint);
        var abort = workflow.AbortAsync(TestContext.Current.CancellationToken);
        await rule.Hit;
        await chain.Vm.Monitor.ExecuteAsync("block-dirty-bitmap-remove", $$"""{"node":"a","name":"qbackup.default.{{chain.Full}}.on-{{DiskTag.Of("a", chain.Vm.ImagePath("a"))}}"}""");
        removing.SetResult();
        await abort;
        await workflow.DisposeAsync();
        chain.Vm.IsRunning.Should().BeTrue();
        var next = await StartAsync(chain.Vm);
        next.Disks.Select(d => d.Level).Should().Equal(BackupLevel.Full, BackupLevel.Incremental);
        await next.Disk("b").ShouldMakeOfAsync(chain.First["b"], chain.Vm.Snapshot("b"), chain.Vm);
        await AbortAsync(chain.Vm);
    }
}

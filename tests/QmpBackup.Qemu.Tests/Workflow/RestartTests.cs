using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>QEMU ends while a backup is open: it quits or is killed.</summary>
public sealed class RestartTests
{
    private const int Mib = 1 << 20;

    private static async Task<(QemuVm Vm, CheckpointId Full, byte[] Point)> InterruptedAsync(Func<QemuVm, Task> end)
    {
        var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var full = await FullAsync(vm);
        var point = vm.Snapshot("a");
        // QEMU stores bitmaps in the image when it closes it: only bitmaps that were stored once can be inconsistent.
        await vm.QuitAsync();
        await vm.RestartAsync();
        await vm.WriteAsync("a", Mib, 0x22, Mib);
        await StartAsync(vm);
        await vm.WriteAsync("a", 2 * Mib, 0x33, Mib);
        await end(vm);
        await vm.RestartAsync();
        return (vm, full, point);
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_clean_end_the_next_start_rolls_back_first_and_misses_nothing()
    {
        var (vm, full, point) = await InterruptedAsync(vm => vm.QuitAsync());
        await using var _ = vm;
        var status = await StatusAsync(vm);
        status.Session.Should().BeNull();
        status.Interrupted.Should().NotBeNull();
        var session = await StartAsync(vm);
        session.Disk("a").Parent.Should().Be(full);
        session.Disk("a").DirtyBytes.Should().Be(2 * Mib);
        await session.Disk("a").ShouldMakeOfAsync(point, vm.Snapshot("a"), vm);
        await FinishAsync(vm);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_clean_end_abort_restores_every_dirty_bit()
    {
        var (vm, full, _) = await InterruptedAsync(vm => vm.QuitAsync());
        await using var __ = vm;
        await AbortAsync(vm);
        (await vm.StateAsync()).Bitmaps.Should().ContainSingle().Which.Should().Contain(full.Value).And.Contain("recording").And.Contain($"count={2 * Mib}");
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_clean_end_finish_commits_because_the_reader_may_have_all_data()
    {
        var (vm, _, _) = await InterruptedAsync(vm => vm.QuitAsync());
        await using var __ = vm;
        await FinishAsync(vm);
        (await vm.StateAsync()).Bitmaps.Should().ContainSingle().Which.Should().Contain("recording").And.Contain($"count={Mib}").And.NotContain("open");
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_kill_the_next_backup_is_full_and_says_why()
    {
        byte[] left = [];
        var (vm, _, _) = await InterruptedAsync(async vm =>
        {
            await vm.KillAsync();
            // What the guest had not flushed may be lost with QEMU: take what is in the image now.
            left = await DiskImages.ReadAsync(vm.ImagePath("a"), "qcow2");
        });
        await using var __ = vm;
        await AbortAsync(vm);
        var session = await StartAsync(vm);
        session.Disk("a").Level.Should().Be(BackupLevel.Full);
        session.Disk("a").Reason.Should().Contain("inconsistent");
        await session.Disk("a").ShouldReadAsync(left, vm);
        await FinishAsync(vm);
        (await vm.StateAsync()).Bitmaps.Should().ContainSingle().Which.Should().Contain("recording");
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_an_open_backup_a_clean_restart_changes_nothing()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        var full = await FullAsync(vm);
        var point = vm.Snapshot("a");
        await vm.WriteAsync("a", 0, 0x11, Mib);
        await vm.QuitAsync();
        await vm.RestartAsync();
        var session = await StartAsync(vm);
        session.Disk("a").Parent.Should().Be(full);
        await session.Disk("a").ShouldMakeOfAsync(point, vm.Snapshot("a"), vm);
        await AbortAsync(vm);
    }
}

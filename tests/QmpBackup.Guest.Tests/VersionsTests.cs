using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>A real guest on other QEMU versions than the host's: a frozen backup, and a reboot and power off while it is open.</summary>
public sealed class VersionsTests
{
    [Theory(Timeout = 180_000)]
    [InlineData("10.0", null, Fleecing.Overlay)]
    [InlineData("11.1", null, Fleecing.SnapshotAccess)]
    [InlineData("11.1", Fleecing.Overlay, Fleecing.Overlay)]
    public async Task A_frozen_point_is_clean_while_the_guest_keeps_writing(string version, Fleecing? wanted, Fleecing expected)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        Assert.SkipUnless(QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version));
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { Binaries = QemuBinaries.TryGet(version) }, token);
        await vm.WaitForRoundsAsync(5, token);
        var session = await GuestBackup.StartFrozenAsync(vm, token, wanted);
        session.Fleecing.Should().Be(expected);
        session.FrozenMilliseconds.Should().BeGreaterThan(0);
        (await vm.FreezeStatusAsync(token)).Should().Be("thawed");
        await vm.WaitForRoundsAsync(5, token);
        await GuestBackup.PointShouldBeCleanAsync(vm, session);
        await vm.WaitForRoundsAsync(1, token);
        await GuestBackup.AbortAsync(vm, token);
    }

    [Fact(Timeout = 240_000)]
    public async Task The_point_stays_clean_and_the_backup_can_be_closed_after_a_reboot_and_a_power_off()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { ExtraArguments = ["-no-shutdown"] }, token);
        await vm.WaitForRoundsAsync(5, token);
        var session = await GuestBackup.StartFrozenAsync(vm, token);
        (await vm.RunAsync("(sleep 1; reboot -f) > /dev/null 2>&1 &", token)).EnsureSuccess();
        await vm.Monitor.WaitForEventAsync("RESET", e => e.GetProperty("data").GetProperty("guest").GetBoolean(), token);
        await vm.WaitForAgentAsync(token);
        await vm.WaitForRoundsAsync(3, token);
        await GuestBackup.PointShouldBeCleanAsync(vm, session);

        (await vm.RunAsync("(sleep 1; poweroff -f) > /dev/null 2>&1 &", token)).EnsureSuccess();
        await vm.Monitor.WaitForEventAsync("SHUTDOWN", e => e.GetProperty("data").GetProperty("guest").GetBoolean(), token);
        await using (var workflow = await GuestBackup.ConnectAsync(vm, token))
            (await workflow.GetStatusAsync(token)).Remarks.Should().ContainSingle().Which.ToString().Should().Contain("shut down");
        await GuestBackup.PointShouldBeCleanAsync(vm, session);
        await GuestBackup.AbortAsync(vm, token);
        var state = await vm.StateAsync(token);
        (state.Status, state.Jobs.Count, state.Exports.Count, state.Bitmaps.Count).Should().Be(("shutdown", 0, 0, 0));
    }
}

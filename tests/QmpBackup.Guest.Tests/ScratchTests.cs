using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>A real guest that stopped because the scratch was full, without a watch.</summary>
public sealed class ScratchTests
{
    private const int Mib = 1 << 20;

    private static Task<BackupWorkflow> ConnectAsync(GuestVm vm, CancellationToken token) =>
        BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null, null, token);

    private static async Task<SessionDisk> StartAsync(GuestVm vm, string scratch, CancellationToken token)
    {
        await using var workflow = await ConnectAsync(vm, token);
        var request = new StartRequest { Checkpoint = CheckpointId.Create(TimeProvider.System.GetUtcNow()), ScratchDirectory = scratch, Fleecing = Fleecing.Overlay };
        return (await workflow.StartAsync(request, token)).Disks.Single();
    }

    [Theory(Timeout = 240_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_guest_that_stopped_on_a_full_scratch_is_resumed_and_loses_no_write(bool watch)
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        Assert.SkipUnless(TestDirectory.CanMount, "mounting a small tmpfs needs root");
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions { DiskCount = 1, Writer = false }, token);
        (await vm.RunAsync("dd if=/dev/urandom of=/mnt/a/big bs=1M count=80 conv=fsync", token)).EnsureSuccess();
        var full = await StartAsync(vm, vm.Directory.Path, token);
        var parent = await NbdTools.ReadAsync($"{full.Uri}", vm.Directory);
        await using (var workflow = await ConnectAsync(vm, token))
            await workflow.FinishAsync(cancellationToken: token);

        await StartAsync(vm, await vm.Directory.MountTmpfsAsync("scratch", 24 * Mib), token);
        var write = vm.RunAsync("dd if=/dev/urandom of=/mnt/a/big bs=1M count=80 conv=notrunc,fsync 2> /dev/null && md5sum < /mnt/a/big", token);
        await vm.Monitor.WaitForEventAsync("STOP", null, token);
        (await vm.StateAsync(token)).Status.Should().Be("io-error");

        await using (var workflow = await ConnectAsync(vm, token))
        {
            if (watch)
            {
                var watching = () => new BackupWatcher(workflow).WatchAsync(token);
                var failure = (await watching.Should().ThrowAsync<BackupException>()).Which;
                failure.Code.Should().Be(BackupErrorCode.BackupFailed);
                failure.Message.Should().Contain("stopped").And.Contain("runs again");
            }
            else
            {
                var plan = await workflow.AbortAsync(token);
                plan.Remarks.Should().ContainMatch("*runs again*");
            }
        }

        var sum = (await write).EnsureSuccess().Stdout;
        (await vm.StateAsync(token)).Status.Should().Be("running");
        (await vm.RunAsync("echo 3 > /proc/sys/vm/drop_caches; md5sum < /mnt/a/big", token)).EnsureSuccess().Stdout.Should().Be(sum);

        // Nothing is missing from the next increment: applied to the full it gives the disk as it is now.
        (await vm.RunAsync("sync", token)).EnsureSuccess();
        var increment = await StartAsync(vm, vm.Directory.Path, token);
        increment.Level.Should().Be(BackupLevel.Incremental);
        DiskOracle.Compare(await NbdTools.ReadAsync($"{increment.Uri}", vm.Directory), await IncrementalReader.ReadAsync(parent, $"{increment.Uri}", increment.Bitmap!, vm.Directory))
            .Should().BeNull();
        await using (var workflow = await ConnectAsync(vm, token))
            await workflow.FinishAsync(cancellationToken: token);
        await vm.QuitAsync();
    }
}

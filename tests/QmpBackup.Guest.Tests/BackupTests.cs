using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>Backups of a real guest with a journaling file system under load.</summary>
public sealed class BackupTests
{
    private static async Task<BackupSession> StartAsync(GuestVm vm, FreezeMode mode, CancellationToken token)
    {
        await using var workflow = await BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null,
            new BackupWorkflowOptions { Freezer = () => new AgentFreezer(QmpEndpoint.Parse(vm.AgentEndpoint)) }, token);
        return await workflow.StartAsync(new StartRequest
        {
            Checkpoint = CheckpointId.Create(TimeProvider.System.GetUtcNow()),
            ScratchDirectory = vm.Directory.Path,
            Freeze = mode == FreezeMode.Never ? null : new FreezeRequest { Mode = mode },
        }, token);
    }

    private static async Task<List<string>> PullAndAbortAsync(GuestVm vm, BackupSession session, CancellationToken token)
    {
        var images = new List<string>();
        foreach (var disk in session.Disks)
        {
            var image = vm.Directory.File($"pulled-{session.Id}-{images.Count}.raw");
            await NbdTools.CopyAsync($"{disk.Uri}", image);
            images.Add(image);
        }

        await using var workflow = await BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(vm.QmpEndpoint), null, null, token);
        await workflow.AbortAsync(token);
        return images;
    }

    [Fact(Timeout = 180_000)]
    public async Task A_frozen_point_is_clean_and_boots_and_the_guest_continues()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions(), token);
        await vm.WaitForRoundsAsync(5, token);
        var session = await StartAsync(vm, FreezeMode.Require, token);
        session.FrozenMilliseconds.Should().BeGreaterThan(0);
        (await vm.FreezeStatusAsync(token)).Should().Be("thawed");
        await vm.WaitForRoundsAsync(5, token);
        var images = await PullAndAbortAsync(vm, session, token);
        foreach (var image in images)
        {
            (await Ext4Image.NeedsRecoveryAsync(image)).Should().BeFalse();
            (await Ext4Image.CheckAsync(image)).ExitCode.Should().Be(0);
        }

        (await Ext4Image.LastRecordAsync(images[0])).Should().BeInRange(await Ext4Image.LastRecordAsync(images[1]), await Ext4Image.LastRecordAsync(images[1]) + 1);
        await using var second = await GuestVm.StartAsync(new GuestVmOptions { Images = images, Writer = false }, token);
        (await second.RunAsync("tail -n 1 /mnt/a/log", token)).EnsureSuccess().Stdout.Should().StartWith("rec ");
    }

    [Fact(Timeout = 180_000)]
    public async Task A_point_without_a_freeze_equals_a_power_cut_on_both_disks_at_once()
    {
        var token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(GuestVm.IsAvailable, GuestVm.Missing);
        await using var vm = await GuestVm.StartAsync(new GuestVmOptions(), token);
        await vm.WaitForRoundsAsync(5, token);
        var session = await StartAsync(vm, FreezeMode.Never, token);
        session.FrozenMilliseconds.Should().BeNull();
        await vm.WaitForRoundsAsync(5, token);
        var last = new List<int>();
        foreach (var image in await PullAndAbortAsync(vm, session, token))
        {
            (await Ext4Image.NeedsRecoveryAsync(image)).Should().BeTrue();
            last.Add(await Ext4Image.LastRecordAsync(await Ext4Image.ReplayAsync(image)));
        }

        last[0].Should().BeInRange(last[1], last[1] + 1, "the writer writes to the second disk after the first");
    }
}

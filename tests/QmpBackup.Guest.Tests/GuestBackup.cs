using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Guest.Tests;

/// <summary>Helpers of the tests that back up a real guest.</summary>
internal static class GuestBackup
{
    public static Task<BackupWorkflow> ConnectAsync(GuestVm vm, CancellationToken token, string? endpoint = null) => BackupWorkflow.ConnectAsync(
        QmpEndpoint.Parse(endpoint ?? vm.QmpEndpoint), null, new BackupWorkflowOptions { Freezer = () => new AgentFreezer(QmpEndpoint.Parse(vm.AgentEndpoint), AgentOf.Patient) }, token);

    public static async Task<BackupSession> StartFrozenAsync(GuestVm vm, CancellationToken token, Fleecing? fleecing = null, string? endpoint = null)
    {
        await using var workflow = await ConnectAsync(vm, token, endpoint);
        return await workflow.StartAsync(new StartRequest
        {
            Checkpoint = CheckpointId.Create(TimeProvider.System.GetUtcNow()),
            ScratchDirectory = vm.Directory.Path,
            Fleecing = fleecing,
            Freeze = new FreezeRequest { Mode = FreezeMode.Require, Timeout = TimeSpan.FromSeconds(30) },
        }, token);
    }

    public static async Task AbortAsync(GuestVm vm, CancellationToken token)
    {
        await using var workflow = await ConnectAsync(vm, token);
        await workflow.AbortAsync(token);
    }

    /// <summary>Reads both disks and checks that both are clean and of the same moment.</summary>
    public static async Task PointShouldBeCleanAsync(GuestVm vm, BackupSession session)
    {
        var last = new List<int>();
        foreach (var disk in session.Disks)
        {
            var image = vm.Directory.File($"pulled-{session.Id}-{last.Count}.raw");
            await NbdTools.CopyAsync($"{disk.Uri}", image);
            (await Ext4Image.NeedsRecoveryAsync(image)).Should().BeFalse();
            (await Ext4Image.CheckAsync(image)).ExitCode.Should().Be(0);
            last.Add(await Ext4Image.LastRecordAsync(image));
        }

        last[0].Should().BeInRange(last[1], last[1] + 1, "the writer writes to the second disk after the first");
    }
}

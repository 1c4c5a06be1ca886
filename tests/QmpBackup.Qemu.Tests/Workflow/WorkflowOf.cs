using QmpBackup.Qmp;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Helpers of the workflow tests.</summary>
internal static class WorkflowOf
{
    public static readonly QmpClientOptions Patient = new();

    public static Task<BackupWorkflow> ConnectAsync(QemuProcess vm) => ConnectAsync(vm.QmpEndpoint);

    public static Task<BackupWorkflow> ConnectAsync(string endpoint, QmpClientOptions? options = null) =>
        BackupWorkflow.ConnectAsync(QmpEndpoint.Parse(endpoint), options ?? Patient, null, TestContext.Current.CancellationToken);

    public static Task<BackupWorkflow> ConnectAsync(string endpoint, bool holdsMonitor) => BackupWorkflow.ConnectAsync(
        QmpEndpoint.Parse(endpoint), Patient, new BackupWorkflowOptions { HoldsMonitor = holdsMonitor }, TestContext.Current.CancellationToken);

    public static StartRequest Request(QemuProcess vm) => new()
    {
        Checkpoint = CheckpointId.Create(TimeProvider.System.GetUtcNow()),
        ScratchDirectory = vm.Directory.Path,
    };

    public static async Task<BackupSession> StartAsync(QemuProcess vm, Func<StartRequest, StartRequest>? change = null)
    {
        await using var workflow = await ConnectAsync(vm);
        var request = Request(vm);
        return await workflow.StartAsync(change is null ? request : change(request), TestContext.Current.CancellationToken);
    }

    public static async Task FinishAsync(QemuProcess vm, bool keepBitmap = false)
    {
        await using var workflow = await ConnectAsync(vm);
        await workflow.FinishAsync(keepBitmap, TestContext.Current.CancellationToken);
    }

    public static async Task<BackupPlan> AbortAsync(QemuProcess vm)
    {
        await using var workflow = await ConnectAsync(vm);
        return await workflow.AbortAsync(TestContext.Current.CancellationToken);
    }

    public static async Task<VmStatus> StatusAsync(QemuProcess vm)
    {
        await using var workflow = await ConnectAsync(vm);
        return await workflow.GetStatusAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>A full backup of all disks that is not read: the start of tests about increments.</summary>
    public static async Task<CheckpointId> FullAsync(QemuProcess vm)
    {
        var session = await StartAsync(vm);
        await FinishAsync(vm);
        return session.Checkpoint!.Value;
    }

    public static SessionDisk Disk(this BackupSession session, string name) => session.Disks.Single(d => d.Name == name);

    /// <summary>Reads the whole export with an independent reader and compares it with the oracle.</summary>
    public static async Task ShouldReadAsync(this SessionDisk disk, byte[] expected, QemuProcess vm) =>
        DiskOracle.Compare(expected, await NbdTools.ReadAsync($"{disk.Uri}", vm.Directory)).Should().BeNull();

    /// <summary>Puts the dirty blocks over the parent's bytes and compares the result with the oracle.</summary>
    public static async Task ShouldMakeOfAsync(this SessionDisk disk, byte[] parent, byte[] expected, QemuProcess vm) =>
        DiskOracle.Compare(expected, await IncrementalReader.ReadAsync(parent, $"{disk.Uri}", disk.Bitmap!, vm.Directory)).Should().BeNull();

    /// <summary>No file of a session is left on disk.</summary>
    public static void ShouldHaveNoScratch(this QemuProcess vm) =>
        Directory.EnumerateFileSystemEntries(vm.Directory.Path, "qbackup-*").Should().BeEmpty();
}

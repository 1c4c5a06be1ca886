using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>
/// A VM with a full backup, changes since then, and an open increment: the start of the tests in which something happens to the VM.
/// After each event the point in time is unchanged, abort restores the state before, and later increments miss nothing.
/// </summary>
internal sealed class OpenChain : IAsyncDisposable
{
    public const int Mib = 1 << 20;

    private OpenChain(QemuVm vm, string[] disks)
    {
        Vm = vm;
        Disks = disks;
    }

    public QemuVm Vm { get; }

    public string[] Disks { get; }

    /// <summary>The first backup's checkpoint.</summary>
    public CheckpointId Full { get; private set; }

    /// <summary>What the disks held when the first backup was taken.</summary>
    public Dictionary<string, byte[]> First { get; private set; } = [];

    /// <summary>What the disks held when the open backup was taken.</summary>
    public Dictionary<string, byte[]> Point { get; private set; } = [];

    public QmpState Before { get; private set; } = null!;

    public BackupSession Session { get; private set; } = null!;

    public static QemuBinaries? Binaries(string? version)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        return version is null ? null : QemuBinaries.TryGet(version);
    }

    public static Task<OpenChain> StartAsync(string? version, Fleecing? fleecing = null, params string[] arguments) =>
        WithAsync(new QemuVmOptions { Binaries = Binaries(version), Disks = [new TestDisk("a"), new TestDisk("b")], ExtraArguments = arguments }, fleecing);

    public static async Task<OpenChain> WithAsync(QemuVmOptions options, Fleecing? fleecing = null)
    {
        var vm = await QemuVm.StartAsync(options, TestContext.Current.CancellationToken);
        var chain = new OpenChain(vm, [.. options.Disks.Select(d => d.Name)]);
        await chain.WriteAsync(0, 0x11);
        chain.First = chain.Now();
        chain.Full = await FullAsync(vm);
        await chain.WriteAsync(1, 0x22);
        chain.Before = await vm.StateAsync();
        chain.Point = chain.Now();
        chain.Session = await WorkflowOf.StartAsync(vm, r => r with { Fleecing = fleecing });
        await chain.WriteAsync(2, 0x33);
        return chain;
    }

    public Dictionary<string, byte[]> Now() => Disks.ToDictionary(d => d, Vm.Snapshot);

    /// <summary>Writes half a MiB to all disks, at a MiB that the caller chooses and at one that is written each time.</summary>
    public async Task WriteAsync(int mib, byte pattern)
    {
        foreach (var disk in Disks)
            await WriteAsync(Vm, disk, mib, pattern);
    }

    /// <summary>The point in time can be read and is unchanged.</summary>
    public async Task PointShouldBeUnchangedAsync()
    {
        foreach (var disk in Disks)
            await Of(Session, disk).ShouldMakeOfAsync(First[disk], Point[disk], Vm);
    }

    /// <summary>The next two backups are increments and miss nothing; the first is since this checkpoint.</summary>
    public async Task NextShouldMissNothingAsync(CheckpointId parent, Dictionary<string, byte[]> before)
    {
        for (var i = 0; i < 2; i++)
        {
            var now = Now();
            var next = await WorkflowOf.StartAsync(Vm);
            foreach (var disk in Disks)
            {
                Of(next, disk).Parent.Should().Be(parent);
                await Of(next, disk).ShouldMakeOfAsync(before[disk], now[disk], Vm);
            }

            await FinishAsync(Vm);
            (before, parent) = (now, next.Checkpoint!.Value);
            await WriteAsync(8 + i, 0x77);
        }

        Vm.ShouldHaveNoScratch();
    }

    /// <summary>Abort leaves the state of before the backup, except for what the guest wrote since and what happened to the VM.</summary>
    public async Task AbortShouldLeaveNothingAsync(QmpState? expected = null)
    {
        await AbortAsync(Vm);
        (await Vm.StateAsync()).Should().BeEquivalentTo(expected ?? Before, o => o.Excluding(s => s.Bitmaps).Excluding(s => s.Twins));
        Vm.ShouldHaveNoScratch();
        await WriteAsync(4, 0x55);
        await NextShouldMissNothingAsync(Full, First);
    }

    public async Task FinishShouldCommitAsync()
    {
        await FinishAsync(Vm);
        Vm.ShouldHaveNoScratch();
        await WriteAsync(4, 0x55);
        await NextShouldMissNothingAsync(Session.Checkpoint!.Value, Point);
    }

    public ValueTask DisposeAsync() => Vm.DisposeAsync();

    /// <summary>Writes to a disk through a device that the test plugged in itself, by its QEMU id.</summary>
    public static async Task WriteThroughAsync(QemuVm vm, string disk, string device, int mib, byte pattern)
    {
        (await vm.Monitor.HumanAsync($"qemu-io -d {device} \"write -P {pattern} {mib * Mib} {Mib / 2}\"")).Should().BeEmpty();
        vm.Oracles[disk].Fill(mib * Mib, Mib / 2, pattern);
    }

    public SessionDisk Of(BackupSession session, string disk) =>
        session.Disks.Single(d => d.Name == disk || d.Device == Vm.Disk(disk).DeviceId || d.Device == "dev-" + disk);

    private static async Task WriteAsync(QemuVm vm, string disk, int mib, byte pattern)
    {
        if (vm.Disk(disk).Attached)
            await vm.WriteAsync(disk, mib * Mib, pattern, Mib / 2);
        else
            await WriteThroughAsync(vm, disk, "dev-" + disk, mib, pattern);
    }
}

using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>
/// A VM with a full backup, changes since, and an increment that is open: what the tests begin with that let something befall the VM. Whatever it was, the
/// point in time stays what it was, abort leaves what there was, and the increments after it miss nothing.
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
    public string Full { get; private set; } = "";

    /// <summary>What the disks held when the first backup was taken.</summary>
    public Dictionary<string, byte[]> First { get; private set; } = [];

    /// <summary>What they held when the open one was.</summary>
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

    /// <summary>Writes to all disks, half a MiB at a MiB of the caller's and at one that others write too.</summary>
    public async Task WriteAsync(int mib, byte pattern)
    {
        foreach (var disk in Disks)
            await WriteAsync(Vm, disk, mib, pattern);
    }

    /// <summary>The point in time can be read, and is what it was.</summary>
    public async Task PointShouldBeWhatItWasAsync()
    {
        foreach (var disk in Disks)
            await Of(Session, disk).ShouldMakeOfAsync(First[disk], Point[disk], Vm);
    }

    /// <summary>The next backup is an increment since this checkpoint and misses nothing, and so is the one after it.</summary>
    public async Task NextShouldBeWholeAsync(string parent, Dictionary<string, byte[]> before)
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
            (before, parent) = (now, next.Checkpoint);
            await WriteAsync(8 + i, 0x77);
        }

        Vm.ShouldHaveNoScratch();
    }

    /// <summary>Aborted, it is as if it had never been opened, but for what the guest wrote since and what became of the VM.</summary>
    public async Task AbortShouldLeaveNothingAsync(QmpState? expected = null)
    {
        await AbortAsync(Vm);
        (await Vm.StateAsync()).Should().BeEquivalentTo(expected ?? Before, o => o.Excluding(s => s.Bitmaps).Excluding(s => s.Twins));
        Vm.ShouldHaveNoScratch();
        await WriteAsync(4, 0x55);
        await NextShouldBeWholeAsync(Full, First);
    }

    public async Task FinishShouldCommitAsync()
    {
        await FinishAsync(Vm);
        Vm.ShouldHaveNoScratch();
        await WriteAsync(4, 0x55);
        await NextShouldBeWholeAsync(Session.Checkpoint, Point);
    }

    public ValueTask DisposeAsync() => Vm.DisposeAsync();

    /// <summary>Writes to a disk by the QEMU id of a device that the test plugged itself.</summary>
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

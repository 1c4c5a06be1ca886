using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Many disks in one backup of a frozen guest.</summary>
public sealed class SixteenDisksTests
{
    [Fact(Timeout = 120_000)]
    public async Task Sixteen_disks_are_of_one_instant_and_the_window_over_them_all_is_told()
    {
        var names = Enumerable.Range(0, 16).Select(i => "d" + i).ToList();
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [.. names.Select(n => new TestDisk(n) { Size = 4 << 20 })] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        using var stop = new CancellationTokenSource();
        var rounds = 0;
        // A write to the next disk only ever follows one to the disk before: of one instant no disk is ahead of the one before it, and none more than a round behind.
        var writing = Task.Run(async () =>
        {
            for (byte round = 1; !stop.IsCancellationRequested && round < 255; round++)
            {
                foreach (var name in names) await vm.WriteAsync(name, 0, round, 512);
                Volatile.Write(ref rounds, round);
            }
        });
        while (Volatile.Read(ref rounds) < 2 && !writing.IsCompleted) await Task.Delay(5);
        var result = await CommandOf.RunAsync(vm, "start", "--agent", agent.Endpoint, "--freeze", "require", "-o", "json");
        var session = result.Json().GetProperty("session");
        await stop.CancelAsync();
        await writing;

        var window = agent.FreezeIntervals.Should().ContainSingle().Subject;
        session.GetProperty("frozenMilliseconds").GetDouble().Should().BeGreaterThanOrEqualTo((window.Thawed!.Value - window.Frozen).TotalMilliseconds - 1);
        var seen = new List<int>();
        foreach (var disk in session.GetProperty("disks").EnumerateArray())
            seen.Add((await NbdTools.ReadAsync(disk.GetProperty("uri").GetString()!, vm.Directory))[0]);
        seen.Should().HaveCount(16).And.BeInDescendingOrder();
        (seen[0] - seen[^1]).Should().BeInRange(0, 1);
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        vm.ShouldHaveNoScratch();
    }
}

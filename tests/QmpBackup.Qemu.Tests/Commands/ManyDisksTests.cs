using System.Net.Sockets;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Many disks in one backup of a frozen guest.</summary>
public sealed class ManyDisksTests
{
    [Fact(Timeout = 120_000)]
    public async Task Sixteen_disks_have_one_point_in_time_and_their_freeze_duration_is_reported()
    {
        var names = Enumerable.Range(0, 16).Select(i => "d" + i).ToList();
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [.. names.Select(n => new TestDisk(n) { Size = 4 << 20 })] });
        await using var agent = new FakeAgent(vm.Directory.File("ga"));
        using var stop = new CancellationTokenSource();
        var rounds = 0;
        // Each round writes the disks in order: at one moment no disk is ahead of the disk before it, and none is more than one round behind.
        var writing = Task.Run(async () =>
        {
            for (byte round = 1; !stop.IsCancellationRequested && round < 255; round++)
            {
                foreach (var name in names)
                    await vm.WriteAsync(name, 0, round, 512);
                Volatile.Write(ref rounds, round);
            }
        });
        while (Volatile.Read(ref rounds) < 2 && !writing.IsCompleted)
            await Task.Delay(5);
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

    [Fact(Timeout = 120_000)]
    public async Task Successful_run_of_many_disks_reports_no_lost_events()
    {
        Assert.SkipUnless(QemuBinaries.TryGet("11.1") is not null, QemuBinaries.Missing("11.1"));
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = QemuBinaries.TryGet("11.1"),
            Disks = [.. Enumerable.Range(0, 16).Select(i => new TestDisk("d" + i) { Size = 4 << 20 })],
        });
        var result = await CommandOf.RunAsync(vm, "run", "--repo", vm.Directory.File("repo"));
        result.EnsureSuccess().Stderr.Should().NotContain("warn").And.NotContain("events");
        (await Qbackup.RunAsync("verify", "--repo", vm.Directory.File("repo"))).EnsureSuccess();
    }

    // QEMU's NBD server serves 100 connections: another client waits, and fails after its time limit.
    [Fact(Timeout = 120_000)]
    public async Task Connections_are_shared_among_disks_and_leave_room_for_other_readers()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [.. Enumerable.Range(0, 9).Select(i => new TestDisk("d" + i) { Size = 4 << 20 })] });
        foreach (var disk in vm.Disks)
            await vm.WriteAsync(disk.Name, 0, 0x11, 4 << 20);
        var session = (await CommandOf.RunAsync(vm, "start", "-o", "json")).Json().GetProperty("session");
        var readers = new List<Socket>();
        try
        {
            for (var i = 0; i < 12; i++)
            {
                var reader = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                readers.Add(reader);
                await reader.ConnectAsync(new UnixDomainSocketEndPoint(session.GetProperty("nbd").GetString()!["unix:".Length..]));
                await reader.ReceiveAsync(new byte[18]);
            }

            (await CommandOf.RunAsync(vm, "pull", "--repo", vm.Directory.File("repo"), "--connections", "16")).EnsureSuccess();
        }
        finally
        {
            readers.ForEach(r => r.Dispose());
        }

        (await CommandOf.RunAsync(vm, "finish")).EnsureSuccess();
        (await Qbackup.RunAsync("verify", "--repo", vm.Directory.File("repo"))).EnsureSuccess();
        foreach (var disk in new[] { "d0", "d8" })
        {
            var target = vm.Directory.File(disk + ".restored");
            (await Qbackup.RunAsync("restore", "--repo", vm.Directory.File("repo"), "--point", "latest", "--disk", disk, "--to", target)).EnsureSuccess();
            DiskOracle.Compare(vm.Snapshot(disk), await DiskImages.ReadAsync(target)).Should().BeNull(disk);
        }
    }
}

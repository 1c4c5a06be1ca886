namespace QmpBackup.Testing.Tests;

public sealed class QemuVmTests
{
    private const int Cluster = 65536;

    public static TheoryData<string> Versions => ["host", "10.0", "11.1"];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Versions))]
    public async Task Guest_writes_during_a_backup_job_reach_the_disk_and_not_the_point_in_time(string version)
    {
        var token = TestContext.Current.CancellationToken;
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Binaries = binaries, Disks = [new TestDisk("a")] }, token);
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-add", """{"node":"a","name":"b0","persistent":true}""", token);
        await vm.WriteAsync("a", 0, 0x11, 3 * Cluster, token);
        await vm.WriteAsync("a", 5_000_000, 0x22, 1000, token);
        var before = await vm.StateAsync(token);
        var socket = vm.Directory.File("nbd");
        await PullByHand.StartServerAsync(vm, socket);

        var point = vm.Snapshot("a");
        await PullByHand.OpenAsync(vm, "a", "b0", "b1", "a");
        await vm.WriteAllAsync("a", [GuestWrite.Data(100, 200, 0x33), GuestWrite.Zeroes(Cluster, Cluster), GuestWrite.Discard(2 * Cluster, Cluster)], token);

        var uri = NbdTools.Uri(socket, "a");
        DiskOracle.Compare(point, await NbdTools.ReadAsync(uri, vm.Directory)).Should().BeNull();
        DiskOracle.Compare(point, await IncrementalReader.ReadAsync(new byte[point.Length], uri, "b0", vm.Directory)).Should().BeNull();
        (await NbdTools.DirtyAsync(uri, "b0")).Should().Equal(new DirtyExtent(0, 3 * Cluster, 1), new DirtyExtent(76 * Cluster, Cluster, 1));
        (await NbdTools.DirtyByQemuImgAsync(socket, "a", "b0")).Should().Equal(await NbdTools.DirtyAsync(uri, "b0"));

        await PullByHand.CloseAsync(vm, "a");
        await vm.Monitor.ExecuteAsync("nbd-server-stop", null, token);
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-remove", """{"node":"a","name":"b0"}""", token);
        var after = await vm.StateAsync(token);
        after.WithoutCounts().Bitmaps.Should().Equal("a/b1 recording persistent granularity=65536");
        (after with { Bitmaps = before.Bitmaps }).Should().BeEquivalentTo(before);
        await vm.QuitAsync();
        DiskOracle.Compare(vm.Snapshot("a"), await DiskImages.ReadAsync(vm.ImagePath("a"))).Should().BeNull();
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_kind_of_disk_reads_back_what_the_oracle_holds()
    {
        var token = TestContext.Current.CancellationToken;
        TestDisk[] disks =
        [
            new("plain"), new("old") { Format = DiskFormat.Qcow2V2 }, new("odd") { Format = DiskFormat.Raw, Size = 4097 },
            new("odd2") { Size = (1 << 20) + 512 }, new("legacy") { Legacy = true }, new("noid") { HasDeviceId = false },
            new("legacynoid") { Legacy = true, HasDeviceId = false, Format = DiskFormat.Raw }, new("io") { IoThread = true },
            new("thr") { ThrottleFilter = true }, new("filled") { InitialContent = [.. Enumerable.Repeat((byte)7, 100_000)], NodeName = "node-f" },
        ];
        await using var vm = await QemuVm.StartAsync(
            new QemuVmOptions { Disks = [.. disks, new("ro") { ReadOnly = true }, new("spare") { Attached = false }], TcpMonitor = true, PrettyMonitor = true }, token);
        foreach (var disk in disks)
        {
            var length = vm.Oracles[disk.Name].Length;
            await vm.WriteAsync(disk.Name, 0, 0x41, 512, token);
            await vm.WriteAsync(disk.Name, length - 512, 0x42, 512, token);
            if (length >= 4 * Cluster)
                await vm.DiscardAsync(disk.Name, Cluster, Cluster, token);
            (await vm.HoldsAsync(disk.Name, length - 512, 0x42, 512, token)).Should().BeTrue();
            (await vm.HoldsAsync(disk.Name, 0, 0x42, 512, token)).Should().BeFalse();
        }

        vm.TcpPort.Should().BePositive();
        var state = await vm.StateAsync(token);
        state.Status.Should().Be("running");
        state.NbdServerRuns.Should().BeFalse();
        state.Nodes.Should().Contain("node-f qcow2 rw").And.Contain("ro qcow2 ro");
        var write = () => vm.WriteAsync("ro", 0, 1, 512, token);
        await write.Should().ThrowAsync<GuestIoException>();
        var beyond = () => vm.WriteAsync("plain", vm.Oracles["plain"].Length, 1, 512, token);
        await beyond.Should().ThrowAsync<GuestIoException>();

        await vm.RestartAsync(token);
        await vm.WriteAsync("plain", 1024, 0x43, 512, token);
        await vm.QuitAsync();
        foreach (var disk in disks)
            DiskOracle.Compare(vm.Snapshot(disk.Name), await DiskImages.ReadAsync(vm.ImagePath(disk.Name), disk.Driver)).Should().BeNull(disk.Name);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_persistent_bitmap_survives_a_quit_and_is_inconsistent_after_a_kill()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await QemuVm.StartAsync(token);
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-add", """{"node":"a","name":"b0","persistent":true}""", token);
        await vm.WriteAsync("a", 0, 1, 10, token);
        await vm.RestartAsync(token);
        (await vm.StateAsync(token)).Bitmaps.Should().Equal("a/b0 recording persistent count=65536 granularity=65536");
        await vm.KillAsync();
        vm.IsRunning.Should().BeFalse();
        await vm.RestartAsync(token);
        (await vm.StateAsync(token)).Bitmaps.Should().ContainSingle().Which.Should().Contain("inconsistent");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stopped_process_answers_after_SIGCONT()
    {
        var token = TestContext.Current.CancellationToken;
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], Paused = true }, token);
        vm.SigStop();
        var answer = vm.Monitor.ExecuteAsync("query-status", null, token);
        answer.IsCompleted.Should().BeFalse();
        vm.SigCont();
        (await answer).GetProperty("status").GetString().Should().Be("prelaunch");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_VM_that_does_not_start_fails_with_the_message_of_QEMU()
    {
        var token = TestContext.Current.CancellationToken;
        var start = () => QemuVm.StartAsync(new QemuVmOptions { ExtraArguments = ["-device", "no-such-device"] }, token);
        (await start.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*no-such-device*");
    }
}

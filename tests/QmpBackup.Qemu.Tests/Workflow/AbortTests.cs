using QmpBackup.Nbd;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Abort leaves the VM as if the backup had never been opened.</summary>
public sealed class AbortTests
{
    private const int Mib = 1 << 20;

    private static Task<QemuVm> VmAsync() => QemuVm.StartAsync(
        new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("b")] }, TestContext.Current.CancellationToken);

    [Fact(Timeout = 90_000)]
    public async Task Abort_keeps_every_dirty_block_dirty_and_adds_those_written_since()
    {
        await using var vm = await VmAsync();
        var first = await FullAsync(vm);
        var (a, b) = (vm.Snapshot("a"), vm.Snapshot("b"));
        await vm.WriteAsync("a", 0, 0x11, Mib);
        await vm.WriteAsync("b", 4 * Mib, 0x12, Mib);
        var before = await vm.StateAsync();

        await StartAsync(vm);
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);

        await StartAsync(vm);
        await vm.WriteAsync("a", 8 * Mib, 0x13, 2 * Mib);
        await vm.WriteZeroesAsync("b", 4 * Mib, Mib / 2);
        await vm.DiscardAsync("b", 12 * Mib, Mib);
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before, o => o.Excluding(s => s.Bitmaps).Excluding(s => s.Twins));

        var increment = await StartAsync(vm);
        increment.Disks.Should().OnlyContain(d => d.Parent == first);
        increment.Disk("a").DirtyBytes.Should().Be(3 * Mib);
        await increment.Disk("a").ShouldMakeOfAsync(a, vm.Snapshot("a"), vm);
        await increment.Disk("b").ShouldMakeOfAsync(b, vm.Snapshot("b"), vm);
        await FinishAsync(vm);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Abort_can_be_repeated_and_does_nothing_when_nothing_is_open()
    {
        await using var vm = await VmAsync();
        (await AbortAsync(vm)).Steps.Should().BeEmpty();
        var before = await vm.StateAsync();
        await StartAsync(vm);
        (await AbortAsync(vm)).Steps.Should().NotBeEmpty();
        (await AbortAsync(vm)).Steps.Should().BeEmpty();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_folder_in_place_of_a_scratch_image_stays_and_the_backup_is_closed(bool restart)
    {
        await using var vm = await VmAsync();
        await StartAsync(vm);
        var scratch = Directory.EnumerateFiles(vm.Directory.Path, "qbackup-*-0.qcow2", SearchOption.AllDirectories).Single();
        File.Delete(scratch);
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(scratch).FullName, "precious"), "data", TestContext.Current.CancellationToken);
        if (restart)
            await vm.RestartAsync();
        else
            await AbortAsync(vm);
        // The next start rolls back the backup that the restart interrupted.
        await StartAsync(vm);
        await FinishAsync(vm);
        File.Exists(Path.Combine(scratch, "precious")).Should().BeTrue();
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(scratch)!).Should().Equal([scratch], "all else is removed");
    }

    [Fact(Timeout = 60_000)]
    public async Task Abort_does_not_wait_for_a_connected_reader()
    {
        await using var vm = await VmAsync();
        await vm.WriteAsync("a", 0, 0x11, 8 * Mib);
        var session = await StartAsync(vm);
        var token = TestContext.Current.CancellationToken;
        await using var reader = await NbdClient.ConnectAsync(session.Disk("a").Uri!, cancellationToken: token);
        var bytes = new byte[65536];
        await reader.ReadAsync(bytes, 0, cancellationToken: token);
        bytes.Should().OnlyContain(b => b == 0x11);

        // The reader does not leave by itself.
        await AbortAsync(vm);

        (await vm.StateAsync()).Exports.Should().BeEmpty();
        var read = () => reader.ReadAsync(bytes, 0, cancellationToken: token).AsTask();
        await read.Should().ThrowAsync<NbdException>();
    }

    [Fact(Timeout = 60_000)]
    public async Task Abort_is_exact_when_the_note_was_removed()
    {
        await using var vm = await VmAsync();
        await FullAsync(vm);
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var before = await vm.StateAsync();
        await StartAsync(vm);
        await vm.Monitor.ExecuteAsync("object-del", """{"id":"qbackup-session"}""");
        (await StatusAsync(vm)).Session.Should().NotBeNull();
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Finish_without_the_note_still_commits()
    {
        await using var vm = await VmAsync();
        await FullAsync(vm);
        var session = await StartAsync(vm);
        await vm.Monitor.ExecuteAsync("object-del", """{"id":"qbackup-session"}""");
        await FinishAsync(vm);
        var after = await vm.StateAsync();
        after.Bitmaps.Should().HaveCount(2).And.OnlyContain(line => line.Contains(session.Id) && !line.Contains("open"));
        after.NbdServerRuns.Should().BeFalse();
        vm.ShouldHaveNoScratch();
    }

    [Fact(Timeout = 60_000)]
    public async Task Finish_refuses_a_point_in_time_that_was_lost()
    {
        await using var vm = await VmAsync();
        await FullAsync(vm);
        var before = await vm.StateAsync();
        await StartAsync(vm);
        var job = (await vm.StateAsync()).Jobs[0].Split(' ')[0];
        await vm.Monitor.ExecuteAsync("job-cancel", $$"""{"id":"{{job}}"}""");
        (await StatusAsync(vm)).Problem.Should().Contain("disk a was lost");
        var finish = () => FinishAsync(vm);
        (await finish.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.BackupFailed);
        await AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
    }
}

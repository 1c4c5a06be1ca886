using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>
/// Bitmaps, servers and exports of other programs in the same VM stay as they are. The error names them if they block a backup.
/// </summary>
public sealed class OtherProgramsTests
{
    private static async Task<QemuVm> VmAsync()
    {
        var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-add", """{"node":"a","name":"bitmap0","persistent":true}""");
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-add", """{"node":"a","name":"qbackup-like","disabled":true}""");
        return vm;
    }

    private static async Task StartServerAsync(QemuVm vm) => await vm.Monitor.ExecuteAsync(
        "nbd-server-start", $$$"""{"addr":{"type":"unix","data":{"path":{{{QmpMonitor.Quote(vm.Directory.File("foreign"))}}} } } }""");

    [Fact(Timeout = 60_000)]
    public async Task Bitmaps_of_other_programs_are_never_changed()
    {
        await using var vm = await VmAsync();
        var before = await vm.StateAsync();
        await FullAsync(vm);
        await StartAsync(vm);
        await AbortAsync(vm);
        (await vm.StateAsync()).Bitmaps.Should().Contain(before.Bitmaps);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_NBD_server_of_another_program_blocks_the_start_and_keeps_running()
    {
        await using var vm = await VmAsync();
        await StartServerAsync(vm);
        await vm.Monitor.ExecuteAsync("block-export-add", """{"type":"nbd","id":"foreign","node-name":"a","name":"foreign"}""");
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm);
        var failure = (await start.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.CommandRefused);
        failure.Message.Should().Contain("Another program");
        failure.Remedy!.Features.Should().Contain(Feature.Nbd);
        failure.Hint.Should().NotContain("nbd-server-stop", "that would cut the other off");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        (await AbortAsync(vm)).Steps.Should().BeEmpty();
        (await NbdTools.ReadAsync(NbdTools.Uri(vm.Directory.File("foreign"), "foreign"), vm.Directory)).Should().HaveCount((int)vm.Disk("a").Size);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_export_of_another_program_on_our_server_keeps_the_server_running_after_the_backup()
    {
        await using var vm = await VmAsync();
        await StartAsync(vm);
        await vm.Monitor.ExecuteAsync("block-export-add", """{"type":"nbd","id":"foreign","node-name":"a","name":"foreign"}""");
        var plan = await AbortAsync(vm);
        plan.Remarks.Should().ContainSingle().Which.Should().Contain("another program");
        var after = await vm.StateAsync();
        after.NbdServerRuns.Should().BeTrue();
        after.Exports.Should().ContainSingle().Which.Should().StartWith("foreign");
        after.Jobs.Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_start_fails_because_a_backup_is_open_and_changes_nothing()
    {
        await using var vm = await VmAsync();
        var session = await StartAsync(vm);
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm);
        var failure = (await start.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.Busy);
        failure.Message.Should().Contain(session.Id);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        await AbortAsync(vm);
    }

    [Fact(Timeout = 60_000)]
    public async Task When_two_starts_run_at_once_one_succeeds_and_the_other_fails_with_the_reason()
    {
        await using var vm = await VmAsync();
        // The second monitor is the test's own: free it for the second client.
        await using var first = await ConnectAsync(vm);
        var plan = await first.PlanStartAsync(Request(vm), TestContext.Current.CancellationToken);
        await vm.Monitor.ExecuteAsync("object-add", """{"qom-type":"authz-simple","id":"qbackup-session","identity":"another client was first"}""");
        var start = () => first.StartPlannedAsync(plan, TestContext.Current.CancellationToken);
        (await start.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Busy);
        (await vm.StateAsync()).Objects.Should().Contain(line => line.Contains("qbackup-session"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_bitmap_of_ours_that_another_program_exports_blocks_the_start()
    {
        await using var vm = await VmAsync();
        var checkpoint = await FullAsync(vm);
        await StartServerAsync(vm);
        await vm.Monitor.ExecuteAsync("block-export-add",
            $$"""{"type":"nbd","id":"foreign","node-name":"a","name":"foreign","bitmaps":[{"node":"a","name":"qbackup.default.{{checkpoint}}.on-{{DiskTag.Of("a", vm.ImagePath("a"))}}"}]}""");
        var start = () => StartAsync(vm);
        (await start.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.Busy);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_at_the_path_of_the_NBD_socket_is_not_overwritten()
    {
        await using var vm = await VmAsync();
        var path = vm.Directory.File("precious");
        await File.WriteAllTextAsync(path, "precious");
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm, r => r with { Nbd = NbdEndpoint.Unix(path) });
        (await start.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain(path);
        (await File.ReadAllTextAsync(path)).Should().Be("precious");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
    }
}

using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Full, increment and abort by the command alone, its JSON output read as a script reads it.</summary>
public sealed class MainJobTests
{
    private const int Mib = 1 << 20;

    [Fact(Timeout = 120_000)]
    public async Task Full_increment_and_abort_work_with_JSON_output()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a"), new TestDisk("b") { Legacy = true }] });
        await vm.WriteAsync("a", 0, 0x11, Mib);
        var session = (await CommandOf.RunAsync(vm, "start", "-o", "json")).Json().GetProperty("session");
        var point = vm.Snapshot("a");
        DiskA(session).GetProperty("node").GetString().Should().Be("a");
        session.GetProperty("disks").EnumerateArray().Select(d => d.GetProperty("level").GetString()).Should().Equal("full", "full");
        DiskA(session).GetProperty("bitmap").ValueKind.Should().Be(JsonValueKind.Null);
        (await CommandOf.RunAsync(vm, "status", "-o", "json")).Json().GetProperty("session").ToString().Should().Be(session.ToString());
        await vm.WriteAsync("a", 0, 0x22, 64 << 10);
        (await NbdTools.ReadAsync(DiskA(session).GetProperty("uri").GetString()!, vm.Directory)).Should().Equal(point);
        (await CommandOf.RunAsync(vm, "finish")).EnsureSuccess();

        var next = (await CommandOf.RunAsync(vm, "start", "-o", "json")).Json().GetProperty("session");
        var disk = DiskA(next);
        disk.GetProperty("parent").GetString().Should().Be(session.GetProperty("checkpoint").GetString());
        disk.GetProperty("dirtyBytes").GetInt64().Should().Be(64 << 10);
        var now = vm.Snapshot("a");
        var read = await IncrementalReader.ReadAsync(point, disk.GetProperty("uri").GetString()!, disk.GetProperty("bitmap").GetString()!, vm.Directory);
        DiskOracle.Compare(now, read).Should().BeNull();
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await CommandOf.RunAsync(vm, "abort")).EnsureSuccess();
        (await CommandOf.RunAsync(vm, "finish")).ExitCode.Should().Be(10);
        vm.ShouldHaveNoScratch();
    }

    private static JsonElement DiskA(JsonElement session) => session.GetProperty("disks").EnumerateArray().Single(d => d.GetProperty("name").GetString() == "a");

    [Fact(Timeout = 60_000)]
    public async Task Plan_and_dry_run_change_nothing()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] });
        await WorkflowOf.FullAsync(vm);
        var before = await vm.StateAsync();
        foreach (var arguments in (string[][])[["plan", "start"], ["plan", "abort"], ["start", "--dry-run"], ["inspect"], ["status"], ["abort", "--dry-run"]])
            (await CommandOf.RunAsync(vm, arguments)).EnsureSuccess();
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
        var plan = (await CommandOf.RunAsync(vm, "plan", "start", "-o", "json")).Json().GetProperty("plan");
        plan.GetProperty("steps").EnumerateArray().Count(s => s.GetProperty("commitPoint").GetBoolean()).Should().Be(1);
    }
}

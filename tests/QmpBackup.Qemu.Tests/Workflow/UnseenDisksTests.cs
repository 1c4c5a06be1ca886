using QmpBackup.Qemu.Tests.Commands;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Devices that hold data outside QEMU's block layer.</summary>
public sealed class UnseenDisksTests
{
    private static async Task<QemuVm> StartVmAsync(StorageDaemon daemon, QemuBinaries binaries, TestDisk[] disks, params string[] more)
    {
        var memory = daemon.Directory.File("pmem");
        await File.WriteAllBytesAsync(memory, new byte[8 << 20]);
        await daemon.Monitor.ExecuteAsync("block-export-add",
            $$"""{"type":"vhost-user-blk","id":"vu","node-name":"served","writable":true,"addr":{"type":"unix","path":"{{daemon.Directory.File("vu")}}"} }""");
        return await QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = binaries,
            Disks = disks,
            Paused = true,
            ExtraArguments =
            [
                "-m", "32M,slots=2,maxmem=1G", "-object", "memory-backend-memfd,id=ram,size=32M,share=on", "-machine", "memory-backend=ram",
                "-chardev", $"socket,id=vu,path={daemon.Directory.File("vu")}", "-device", "vhost-user-blk-pci,chardev=vu,id=vu0",
                "-object", $"memory-backend-file,id=pm,share=on,mem-path={memory},size=8M", "-device", "virtio-pmem-pci,memdev=pm", .. more,
            ],
        }, TestContext.Current.CancellationToken);
    }

    private static Task<StorageDaemon> StartDaemonAsync(QemuBinaries binaries) => StorageDaemon.StartAsync(
        new StorageDaemonOptions { Binaries = binaries, Disks = [new TestDisk("served")], GuestExports = false }, TestContext.Current.CancellationToken);

    [Theory(Timeout = 120_000)]
    [InlineData("host")]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task Every_command_names_disks_that_QEMU_does_not_see_and_strict_fails(string version)
    {
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        await using var daemon = await StartDaemonAsync(binaries);
        await using var vm = await StartVmAsync(daemon, binaries, [new TestDisk("a")]);
        await using (var workflow = await ConnectAsync(vm))
        {
            var state = await workflow.ObserveAsync();
            state.UnseenDisks.Select(d => (d.Name, d.Type)).Should().Equal(("vu0", "vhost-user-blk-pci"), ("peripheral-anon/device[0]", "virtio-pmem-pci"));
        }

        void ShouldName(CommandResult result, Func<System.Text.Json.JsonElement, System.Text.Json.JsonElement> remarks)
        {
            var texts = remarks(result.Json()).EnumerateArray().Select(r => r.GetString()!).ToList();
            texts.Should().Contain(t => t.Contains("vu0")).And.Contain(t => t.Contains("virtio-pmem"));
        }

        var before = await vm.StateAsync();
        ShouldName(await CommandOf.RunAsync(vm, "inspect", "-o", "json"), d => d.GetProperty("remarks"));
        ShouldName(await CommandOf.RunAsync(vm, "plan", "start", "-o", "json"), d => d.GetProperty("plan").GetProperty("remarks"));
        (await CommandOf.RunAsync(vm, "start", "--strict")).ExitCode.Should().Be(5);
        (await CommandOf.RunAsync(vm, "plan", "start", "--strict")).ExitCode.Should().Be(5);
        (await CommandOf.RunAsync(vm, "run", "--strict", "--repo", vm.Directory.File("repo"))).ExitCode.Should().Be(5);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        ShouldName(await CommandOf.RunAsync(vm, "start", "-o", "json"), d => d.GetProperty("remarks"));
        ShouldName(await CommandOf.RunAsync(vm, "status", "-o", "json"), d => d.GetProperty("remarks"));
        (await CommandOf.RunAsync(vm, "abort")).ExitCode.Should().Be(0);
        ShouldName(await CommandOf.RunAsync(vm, "run", "--repo", vm.Directory.File("repo"), "-o", "json"), d => d.GetProperty("remarks"));
        (await CommandOf.RunAsync(vm, "plan", "start", "--strict", "--exclude", "vu0", "--exclude", "peripheral-anon/device[0]")).ExitCode.Should().Be(0);
    }

    [Fact(Timeout = 60_000)]
    public async Task Unused_nodes_of_a_VM_are_not_disks_and_a_CD_ROM_is_left_out()
    {
        await using var daemon = await StartDaemonAsync(QemuBinaries.Host);
        await using (var vm = await StartVmAsync(daemon, QemuBinaries.Host, [new TestDisk("unused") { Attached = false }]))
        {
            var run = await CommandOf.RunAsync(vm, "run", "--repo", vm.Directory.File("repo"), "-o", "json");
            run.ExitCode.Should().Be(2);
            run.Error().GetProperty("message").GetString().Should().Contain("vu0").And.NotContain("unused");
        }

        await using var drive = await QemuVm.StartAsync(new QemuVmOptions
        {
            Disks = [new TestDisk("a"), new TestDisk("cd") { Attached = false }],
            Paused = true,
            ExtraArguments = ["-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-cd,drive=cd,id=rom,bus=scsi.0"],
        }, TestContext.Current.CancellationToken);
        await using var workflow = await ConnectAsync(drive);
        (await workflow.ObserveAsync()).Disks.Select(d => (d.Name, d.IsReadOnly, d.IsCdRom)).Should().Equal(("a", false, false), ("cd", false, true));
        (await workflow.PlanStartAsync(Request(drive))).Disks.Select(d => d.Disk.Name).Should().Equal("a");
        (await workflow.PlanStartAsync(Request(drive) with { Disks = ["rom"] })).Disks.Select(d => d.Disk.Name).Should().Equal("cd");
    }

    [Fact(Timeout = 60_000)]
    public async Task An_encrypted_image_is_recognised()
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("plain")], GuestExports = false }, TestContext.Current.CancellationToken);
        var (luks, qcow2) = (daemon.Directory.File("luks"), daemon.Directory.File("encrypted"));
        await CreateAsync(daemon, luks, "luks", "");
        await CreateAsync(daemon, qcow2, "qcow2", "encrypt.");
        await daemon.Monitor.ExecuteAsync("object-add", """{"qom-type":"secret","id":"s","data":"x"}""");
        await daemon.Monitor.ExecuteAsync("blockdev-add", $$"""{"driver":"luks","node-name":"l","key-secret":"s","file":{"driver":"file","filename":"{{luks}}"} }""");
        await daemon.Monitor.ExecuteAsync("blockdev-add", $$"""{"driver":"qcow2","node-name":"q","encrypt":{"format":"luks","key-secret":"s"},"file":{"driver":"file","filename":"{{qcow2}}"} }""");
        await using (var workflow = await ConnectAsync(daemon))
            (await workflow.ObserveAsync()).Disks.Select(d => (d.Name, d.Encryption)).Should().BeEquivalentTo([("plain", (string?)null), ("l", "luks"), ("q", "luks")]);
        var inspect = await CommandOf.RunAsync(daemon, "inspect", "-o", "json");
        inspect.Json().GetProperty("remarks").GetArrayLength().Should().Be(2);
        var repository = daemon.Directory.File("repo");
        var run = await CommandOf.RunAsync(daemon, "run", "--vm", "daemon", "--repo", repository, "--disk", "l", "-o", "json");
        run.Json().GetProperty("remarks").EnumerateArray().Single().GetString().Should().Contain("plain text");
        var restore = await Qbackup.RunAsync("restore", "--vm", "daemon", "--repo", repository, "--point", "latest", "--disk", "l", "--to", daemon.Directory.File("out"));
        restore.EnsureSuccess().Stderr.Should().Contain("was encrypted (luks)");
    }

    // qemu-img measures how many rounds the key takes, which can fail on a busy machine.
    private static async Task CreateAsync(StorageDaemon daemon, string path, string format, string prefix)
    {
        var options = $"{prefix}key-secret=s,{prefix}iter-time=100{(prefix.Length > 0 ? $",{prefix}format=luks" : "")}";
        for (var tries = 1; ; tries++)
        {
            var result = await CommandRunner.RunAsync(daemon.Binaries.Img, ["create", "-q", "-f", format, "--object", "secret,id=s,data=x", "-o", options, path, "1M"]);
            if (result.ExitCode == 0)
                return;
            (tries < 30 && result.Stderr.Contains("CPU usage")).Should().BeTrue(result.Stderr);
        }
    }
}

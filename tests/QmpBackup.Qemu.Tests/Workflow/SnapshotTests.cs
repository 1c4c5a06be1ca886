using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>Another program takes a snapshot or runs a job on a disk whose backup is open.</summary>
public sealed class SnapshotTests
{
    private static async Task SnapshotAsync(QemuVm vm) => await vm.Monitor.ExecuteAsync("blockdev-snapshot-sync",
        $$"""{"node-name":"a","snapshot-node-name":"snap","snapshot-file":{{QmpMonitor.Quote(vm.Directory.File("snap.qcow2"))}}}""");

    private static async Task JobAsync(QemuVm vm, string id, string status) => await vm.Monitor.WaitForEventAsync("JOB_STATUS_CHANGE",
        e => e.GetProperty("data").GetProperty("id").GetString() == id && e.GetProperty("data").GetProperty("status").GetString() == status, TestContext.Current.CancellationToken);

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task With_an_overlay_QEMU_refuses_a_snapshot_and_the_backup_continues(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version, Fleecing.Overlay);
        var snapshot = () => SnapshotAsync(chain.Vm);
        await snapshot.Should().ThrowAsync<QmpMonitorException>();
        await chain.PointShouldBeUnchangedAsync();
        await chain.FinishShouldCommitAsync();
    }

    [Theory(Timeout = 120_000)]
    [InlineData("10.0", true)]
    [InlineData("10.0", false)]
    [InlineData("11.1", true)]
    [InlineData("11.1", false)]
    public async Task After_a_snapshot_the_open_backup_can_be_closed_and_the_next_backup_of_that_disk_is_full(string version, bool finish)
    {
        await using var chain = await OpenChain.StartAsync(version, Fleecing.SnapshotAccess);
        await SnapshotAsync(chain.Vm);
        await chain.WriteAsync(3, 0x44);
        var status = await StatusAsync(chain.Vm);
        status.Problem.Should().BeNull();
        status.Remarks.Should().ContainSingle().Which.ToString().Should().Contain("snapshot of disk a");
        await chain.PointShouldBeUnchangedAsync();
        await using (var workflow = await ConnectAsync(chain.Vm))
        {
            var plan = finish ? await workflow.FinishAsync() : await workflow.AbortAsync();
            plan.Remarks.Should().ContainSingle().Which.Should().Contain("its next backup is a full one");
        }

        chain.Vm.ShouldHaveNoScratch();
        (await chain.Vm.StateAsync()).Jobs.Should().BeEmpty();
        (await StatusAsync(chain.Vm)).Interrupted.Should().BeNull();
        (await AbortAsync(chain.Vm)).Steps.Should().BeEmpty();

        await chain.WriteAsync(4, 0x55);
        var next = await StartAsync(chain.Vm);
        (chain.Of(next, "a").Level, chain.Of(next, "a").Reason).Should().Be((BackupLevel.Full, chain.Of(next, "a").Reason));
        chain.Of(next, "a").Reason.Should().Contain("snapshot");
        await chain.Of(next, "a").ShouldReadAsync(chain.Vm.Snapshot("a"), chain.Vm);
        chain.Of(next, "b").Parent.Should().Be(finish ? chain.Session.Checkpoint : chain.Full);
        await AbortAsync(chain.Vm);

        // The snapshot is committed and removed: the bitmap below it is complete again, with the writes of the commit, and reaches back
        // to the first backup.
        await chain.Vm.Monitor.ExecuteAsync("block-commit", """{"job-id":"commit","device":"snap"}""");
        await JobAsync(chain.Vm, "commit", "ready");
        await chain.Vm.Monitor.ExecuteAsync("job-complete", """{"id":"commit"}""");
        await JobAsync(chain.Vm, "commit", "null");
        await chain.WriteAsync(5, 0x66);
        var last = await StartAsync(chain.Vm);
        chain.Of(last, "a").Parent.Should().Be(chain.Full);
        await chain.Of(last, "a").ShouldMakeOfAsync(chain.First["a"], chain.Vm.Snapshot("a"), chain.Vm);
        await FinishAsync(chain.Vm);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_backup_job_of_another_program_and_ours_do_not_disturb_each_other(string? version)
    {
        await using var chain = await OpenChain.StartAsync(version);
        await chain.Vm.Monitor.ExecuteAsync("drive-backup",
            $$"""{"job-id":"foreign","device":"a","sync":"full","auto-dismiss":false,"target":{{QmpMonitor.Quote(chain.Vm.Directory.File("foreign.qcow2"))}}}""");
        await JobAsync(chain.Vm, "foreign", "concluded");
        await chain.PointShouldBeUnchangedAsync();
        await AbortAsync(chain.Vm);
        (await chain.Vm.StateAsync()).Jobs.Should().ContainSingle().Which.Should().StartWith("foreign");
        await chain.Vm.Monitor.ExecuteAsync("job-dismiss", """{"id":"foreign"}""");
        await chain.WriteAsync(4, 0x55);
        await chain.NextShouldMissNothingAsync(chain.Full, chain.First);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null)]
    [InlineData("11.1")]
    public async Task A_disk_with_a_running_mirror_job_is_refused_and_the_message_names_the_mirror(string? version)
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Binaries = OpenChain.Binaries(version), Disks = [new TestDisk("a")] });
        var full = await FullAsync(vm);
        var point = vm.Snapshot("a");
        await vm.WriteAsync("a", 0, 0x11, OpenChain.Mib);
        await DiskImages.CreateAsync(vm.Directory.File("new.qcow2"), DiskFormat.Qcow2, vm.Disk("a").Size);
        await vm.Monitor.ExecuteAsync("blockdev-add", $$"""{"driver":"qcow2","node-name":"new","file":{"driver":"file","filename":{{QmpMonitor.Quote(vm.Directory.File("new.qcow2"))}} } }""");
        await vm.Monitor.ExecuteAsync("blockdev-mirror", """{"job-id":"mirror","device":"a","target":"new","sync":"full"}""");
        await JobAsync(vm, "mirror", "ready");
        var before = await vm.StateAsync();
        var start = () => StartAsync(vm);
        (await start.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("mirror");
        (await vm.StateAsync()).Should().BeEquivalentTo(before);
        vm.ShouldHaveNoScratch();
        await vm.Monitor.ExecuteAsync("block-job-cancel", """{"device":"mirror","force":true}""");
        await JobAsync(vm, "mirror", "null");
        var next = await StartAsync(vm);
        next.Disk("a").Parent.Should().Be(full);
        await next.Disk("a").ShouldMakeOfAsync(point, vm.Snapshot("a"), vm);
        await AbortAsync(vm);
    }
}

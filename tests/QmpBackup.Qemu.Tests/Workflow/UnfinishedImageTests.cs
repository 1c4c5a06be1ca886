using System.Text.RegularExpressions;
using QmpBackup.Qemu.Tests.Pulling;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>
/// QEMU 7.2 aborts when it is asked about its nodes while a job opens the image that it creates. Here strace delays reads from files, so
/// that this takes long.
/// </summary>
public sealed class UnfinishedImageTests
{
    [Fact(Timeout = 120_000)]
    public async Task A_start_that_is_cut_off_while_QEMU_creates_a_scratch_image_is_rolled_back_and_the_VM_survives()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        await FullAsync(vm);
        var before = await vm.StateAsync();
        await using var planner = await ConnectAsync(vm);
        var request = Request(vm);
        var images = (await planner.PlanStartAsync(request, TestContext.Current.CancellationToken)).Steps.OfType<CommandStep>().Where(s => s.Request.Command == "blockdev-create").ToList();
        var path = Regex.Match(images[0].Describe(), "\"filename\": *\"([^\"]+)\"").Groups[1].Value;
        await planner.DisposeAsync();
        for (var image = 1; image <= images.Count; image++)
        {
            await using (await InjectedFaults.AttachAsync(vm.Process.Id, "pread64,preadv:delay_enter=3000000:when=1", path))
            {
                await using var proxy = QmpProxy.Start(vm);
                proxy.On("blockdev-create", image).CutWithoutReply();
                await using var workflow = await ConnectAsync(proxy.Endpoint);
                var start = () => workflow.StartAsync(request, TestContext.Current.CancellationToken);
                (await start.Should().ThrowAsync<BackupException>()).Which.Message.Should().NotContain("could not be rolled back");
            }

            (await vm.StateAsync()).Should().BeEquivalentTo(before);
            vm.ShouldHaveNoScratch();
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_VM_whose_storage_hangs_while_it_creates_an_image_is_not_queried_about_its_disks()
    {
        await using var vm = await QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        var path = QmpMonitor.Quote(vm.Directory.File("image"));
        await vm.Monitor.ExecuteAsync("blockdev-create", $$$"""{"job-id":"file","options":{"driver":"file","filename":{{{path}}},"size":0} }""");
        await vm.Monitor.WaitForEventAsync("JOB_STATUS_CHANGE", e => e.GetProperty("data").GetProperty("status").GetString() == "concluded");
        await vm.Monitor.ExecuteAsync("blockdev-add", $$$"""{"driver":"file","node-name":"image","filename":{{{path}}} }""");
        var version = (await vm.Monitor.ExecuteAsync("query-version")).GetProperty("qemu").GetProperty("major").GetInt32();
        await using (await InjectedFaults.AttachAsync(vm.Process.Id, "pread64,preadv:delay_enter=15000000", vm.Directory.File("image")))
        {
            await vm.Monitor.ExecuteAsync("blockdev-create", """{"job-id":"slow","options":{"driver":"qcow2","file":"image","size":1048576} }""");
            var status = await Qbackup.RunAsync(["status", "--qmp", "unix:" + vm.QmpPath], null, TestContext.Current.CancellationToken);
            if (version < 8)
            {
                status.ExitCode.Should().Be(9, status.Stderr);
                status.Stderr.Should().Contain("Job slow has been creating an image").And.Contain("Wait until the job has ended");
            }
        }

        (await vm.StateAsync()).Status.Should().Be("running");
    }
}

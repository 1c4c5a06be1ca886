using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Workflow.WorkflowOf;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>How much is asked of QEMU, and that what is kept of its answers is not believed where it cannot be right.</summary>
public sealed class ChatterTests
{
    private static async Task<List<string>> CommandsAsync(QemuProcess vm, Func<BackupWorkflow, Task> act, string? cache = null)
    {
        await using var proxy = QmpProxy.Start(vm);
        await using (var workflow = await BackupWorkflow.ConnectAsync(
            Qmp.QmpEndpoint.Parse(proxy.Endpoint), Patient, new BackupWorkflowOptions { CacheFolder = cache }, TestContext.Current.CancellationToken))
        {
            await act(workflow);
        }

        return [.. proxy.Commands.Select(c => c.Name)];
    }

    [Fact(Timeout = 60_000)]
    public async Task Status_asks_for_no_schema_and_little_else()
    {
        await using var vm = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        await FullAsync(vm);
        var commands = await CommandsAsync(vm, workflow => workflow.GetStatusAsync(TestContext.Current.CancellationToken));
        commands.Should().NotContain("query-qmp-schema");
        commands.Should().HaveCountLessThanOrEqualTo(17, string.Join(' ', commands));
    }

    [Fact(Timeout = 120_000)]
    public async Task The_start_of_many_disks_asks_once_or_twice_for_the_jobs_that_make_its_images()
    {
        const int Disks = 16;
        await using var vm = await QemuVm.StartAsync(
            new QemuVmOptions { Disks = [.. Enumerable.Range(0, Disks).Select(i => new TestDisk($"d{i}"))] }, TestContext.Current.CancellationToken);
        var commands = await CommandsAsync(vm, workflow => workflow.StartAsync(Request(vm), TestContext.Current.CancellationToken));
        // For each disk two images are made, dismissed and put into the graph as one node, its device is asked for two properties, and it is
        // exported.
        commands.Count(c => c != "query-jobs").Should().BeLessThanOrEqualTo((Disks * 8) + 40);
        commands.Count(c => c == "query-jobs").Should().BeLessThanOrEqualTo(Disks, "one answer is for many jobs");
        await AbortAsync(vm);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("JOB_STATUS_CHANGE")]
    [InlineData("BLOCK_EXPORT_DELETED")]
    public async Task An_end_whose_event_is_lost_is_found_by_asking(string lost)
    {
        await using var vm = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        var before = await vm.StateAsync(TestContext.Current.CancellationToken);
        await using var proxy = QmpProxy.Start(vm);
        proxy.DropEvent(lost);
        await using var workflow = await ConnectAsync(proxy.Endpoint);
        await workflow.StartAsync(Request(vm), TestContext.Current.CancellationToken);
        await workflow.AbortAsync(TestContext.Current.CancellationToken);
        (await vm.StateAsync(TestContext.Current.CancellationToken)).Should().BeEquivalentTo(before);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("sound", true)]
    [InlineData("cut off", false)]
    [InlineData("of another process", false)]
    [InlineData("an answer is missing", false)]
    [InlineData("too long", false)]
    [InlineData("no regular file", false)]
    [InlineData("writable by others", false)]
    [InlineData("in a folder that others can write to", false)]
    public async Task What_is_kept_of_a_QEMU_is_believed_only_if_it_is_sound(string file, bool isBelieved)
    {
        await using var vm = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        var cache = vm.Directory.File("cache");
        await PlanAsync(vm, cache);
        var path = Directory.GetFiles(cache).Should().ContainSingle().Subject;
        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(cache).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // No QEMU is like that: who believes it can make no backup.
        var text = (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).Replace("true", "false", StringComparison.Ordinal);
        await File.WriteAllTextAsync(path, file switch
        {
            "cut off" => text[..^1],
            "of another process" => text.Replace("{\"process\":\"", "{\"process\":\"1", StringComparison.Ordinal),
            "an answer is missing" => text.Replace("command transaction", "command x", StringComparison.Ordinal),
            "too long" => text + new string(' ', 20_000),
            _ => text,
        }, TestContext.Current.CancellationToken);
        if (file == "no regular file")
        {
            File.Move(path, path + ".moved");
            File.CreateSymbolicLink(path, path + ".moved");
        }
        else if (file == "writable by others")
        {
            File.SetUnixFileMode(path, (UnixFileMode)0x1b6);
        }
        else if (file == "in a folder that others can write to")
        {
            File.SetUnixFileMode(cache, (UnixFileMode)0x1ff);
        }

        var plan = () => PlanAsync(vm, cache);
        if (isBelieved)
            (await plan.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("pull mode");
        else
            await plan();
    }

    [Fact(Timeout = 60_000)]
    public async Task Another_process_of_the_same_program_is_asked_itself()
    {
        await using var vm = await QemuVm.StartAsync(TestContext.Current.CancellationToken);
        var cache = vm.Directory.File("cache");
        await PlanAsync(vm, cache);
        await PlanAsync(vm, cache);
        Directory.GetFiles(cache).Should().ContainSingle();
        await vm.KillAsync();
        await vm.RestartAsync(TestContext.Current.CancellationToken);
        await PlanAsync(vm, cache);
        Directory.GetFiles(cache).Should().HaveCount(2);
    }

    private static async Task PlanAsync(QemuProcess vm, string cache)
    {
        await using var workflow = await BackupWorkflow.ConnectAsync(
            Qmp.QmpEndpoint.Parse(vm.QmpEndpoint), Patient, new BackupWorkflowOptions { CacheFolder = cache }, TestContext.Current.CancellationToken);
        await workflow.PlanStartAsync(Request(vm), TestContext.Current.CancellationToken);
    }
}

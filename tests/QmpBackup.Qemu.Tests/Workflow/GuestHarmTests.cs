using QmpBackup.Qemu.Tests.Commands;
using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Workflow;

/// <summary>A scratch image cannot grow. The backup is aborted at the first write that fails, and a VM that stopped is resumed.</summary>
public sealed class GuestHarmTests
{
    private const int Mib = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<WritingGuest> GuestAsync(string? version, string? errorPolicy, bool throttleFilter = false)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        return await WritingGuest.StartAsync(version is null ? null : QemuBinaries.TryGet(version), errorPolicy, throttleFilter, Token);
    }

    // Slow enough for the guest to write meanwhile, also on a busy machine. A run that is aborted ends at once.
    private static RunningCommand Run(WritingGuest guest, string endpoint, params string[] more) =>
        CommandOf.Start(endpoint, guest.Vm, ["run", "--repo", guest.Vm.Directory.File("repo"), "--throttle", "256K", "--no-space-check", .. more.Contains("--fleecing") ? more : ["--fleecing", "overlay", .. more]]);

    private static async Task WaitUntilOpenAsync(WritingGuest guest)
    {
        while ((await guest.Vm.Monitor.ExecuteAsync("query-block-exports")).GetArrayLength() == 0)
            await Task.Delay(20, Token);
    }

    private static async Task ShouldBeClosedAsync(WritingGuest guest)
    {
        await guest.WaitForEndAsync(Token);
        (await guest.Vm.StateAsync()).Should().Match<QmpState>(s => s.Status == "running" && s.Jobs.Count == 0 && s.Exports.Count == 0);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, "report", false)]
    [InlineData(null, "stop", false)]
    [InlineData("10.0", "report", true)]
    [InlineData("10.0", "stop", false)]
    public async Task Run_fails_at_the_first_write_that_a_full_scratch_image_fails(string? version, string errorPolicy, bool throttleFilter)
    {
        await using var guest = await GuestAsync(version, errorPolicy, throttleFilter);
        // Through a proxy QEMU's limits cannot be read: the error comes without a warning.
        await using var proxy = QmpProxy.Start(guest.Vm);
        await using var run = Run(guest, proxy.Endpoint);
        await WaitUntilOpenAsync(guest);
        await guest.LimitFilesAsync(8 * Mib);
        await guest.BeginAsync();
        var result = await run.WaitAsync(Token);

        result.ExitCode.Should().Be(5, result.ToString());
        result.Stderr.Should().Contain("given up").And.Contain("failed");
        await ShouldBeClosedAsync(guest);
        if (errorPolicy == "stop")
            guest.Done.Should().Be(WritingGuest.Writes, "the write that failed is tried again");
        else
            guest.Failed.Should().BeInRange(1, WritingGuest.Writes / 2);
        await guest.LimitFilesAsync(null);
        (await CommandOf.RunAsync(guest.Vm, "run", "--repo", guest.Vm.Directory.File("repo"))).EnsureSuccess();
    }

    // What a pull, a watch, a finish or an abort finds when it connects afterwards: the events are lost.
    [Theory(Timeout = 120_000)]
    [InlineData(null, "pull")]
    [InlineData(null, "watch")]
    [InlineData("10.0", "finish")]
    [InlineData(null, "abort")]
    public async Task A_command_after_failed_writes_closes_the_backup_and_ends_with_exit_code_5(string? version, string command)
    {
        await using var guest = await GuestAsync(version, "report");
        await StartAsync(guest);
        await guest.LimitFilesAsync(8 * Mib);
        await guest.BeginAsync();
        await guest.WaitForEndAsync(Token);
        guest.Failed.Should().BePositive();
        (await CommandOf.RunAsync(guest.Vm, "status")).EnsureSuccess().Stdout.Should().Contain("writes to disk a failed");

        string[] arguments = command == "pull" ? ["pull", "--repo", guest.Vm.Directory.File("repo")] : [command];
        var result = await CommandOf.RunAsync(guest.Vm, arguments);
        result.ExitCode.Should().Be(5, result.ToString());
        result.Stderr.Should().Contain($"{guest.Failed} of the guest's writes to disk a failed");
        await ShouldBeClosedAsync(guest);
        (await CommandOf.RunAsync(guest.Vm, "abort")).EnsureSuccess();
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, "finish")]
    [InlineData("10.0", "abort")]
    public async Task A_command_after_the_VM_stopped_resumes_it_and_no_write_is_lost(string? version, string command)
    {
        await using var guest = await GuestAsync(version, "stop");
        await StartAsync(guest);
        await guest.LimitFilesAsync(8 * Mib);
        await guest.BeginAsync();
        await guest.Vm.Monitor.WaitForEventAsync("STOP", null, Token);
        (await CommandOf.RunAsync(guest.Vm, command)).EnsureSuccess().Stderr.Should().Contain("runs again");
        await ShouldBeClosedAsync(guest);
        guest.Done.Should().Be(WritingGuest.Writes);
    }

    [Fact(Timeout = 120_000)]
    public async Task Run_fails_when_writes_fail_between_the_last_block_read_and_the_end_of_finish()
    {
        await using var guest = await GuestAsync(null, "report");
        await using var proxy = QmpProxy.Start(guest.Vm);
        // The first command of finish: the watch has ended by then.
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var held = proxy.On("block-export-del").HoldUntil(release.Task);
        await using var run = CommandOf.Start(proxy.Endpoint, guest.Vm, "run", "--repo", guest.Vm.Directory.File("repo"), "--fleecing", "overlay", "--no-space-check");
        await held.Hit.WaitAsync(Token);
        await guest.LimitFilesAsync(8 * Mib);
        await guest.BeginAsync();
        await guest.WaitForEndAsync(Token);
        release.SetResult();
        var result = await run.WaitAsync(Token);
        result.ExitCode.Should().Be(5, result.ToString());
        result.Stderr.Should().Contain($"{guest.Failed} of the guest's writes to disk a failed").And.Contain("complete in the repository");
        await ShouldBeClosedAsync(guest);
    }

    // While a job runs, QEMU names its filter here too. The difference is that the VM stopped before, or that the disk is not in the
    // backup.
    [Theory(Timeout = 120_000)]
    [InlineData("finish")]
    [InlineData("abort")]
    public async Task A_VM_that_stopped_before_the_backup_was_opened_is_not_resumed(string command)
    {
        await using var guest = await GuestAsync(null, "stop");
        await guest.LimitFilesAsync(Mib);
        await guest.BeginAsync();
        await guest.Vm.Monitor.WaitForEventAsync("STOP", null, Token);
        await guest.LimitFilesAsync(null);
        await StartAsync(guest);
        (await CommandOf.RunAsync(guest.Vm, "status")).EnsureSuccess().Stdout.Should().Contain("not the reason");
        (await CommandOf.RunAsync(guest.Vm, command)).EnsureSuccess();
        (await guest.Vm.StateAsync()).Should().Match<QmpState>(s => s.Status == "io-error" && s.Jobs.Count == 0);
    }

    [Theory(Timeout = 120_000)]
    [InlineData(null, "overlay")]
    [InlineData("11.1", "snapshot-access")]
    public async Task A_quota_that_df_does_not_show_fails_no_guest_write(string? version, string fleecing)
    {
        Assert.SkipUnless(TestDirectory.CanMount && CommandRunner.Find("mkfs.btrfs") is not null, "a quota needs root and btrfs-progs");
        await using var guest = await GuestAsync(version, "report");
        var scratch = await guest.Vm.Directory.MountBtrfsQuotaAsync("quota", 22 * Mib);
        await using var run = Run(guest, guest.Vm.QmpEndpoint, "--scratch-dir", scratch, "--fleecing", fleecing);
        await WaitUntilOpenAsync(guest);
        await guest.BeginAsync();
        var result = await run.WaitAsync(Token);
        result.ExitCode.Should().Be(5, result.ToString());
        if (fleecing == "overlay")
            result.Stderr.Should().Contain("given up").And.Contain("quota group");
        await ShouldBeClosedAsync(guest);
        guest.Done.Should().Be(WritingGuest.Writes);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_file_size_limit_of_QEMU_is_detected_at_the_start_and_fails_no_guest_write()
    {
        await using var guest = await GuestAsync(null, "report");
        await guest.LimitFilesAsync(12 * Mib);
        var refused = await CommandOf.RunAsync(guest.Vm, "start", "--fleecing", "overlay");
        refused.ExitCode.Should().Be(8, refused.ToString());
        refused.Stderr.Should().Contain("12 MiB").And.Contain("prlimit --pid");

        await guest.LimitFilesAsync(22 * Mib);
        await using var run = Run(guest, guest.Vm.QmpEndpoint);
        await WaitUntilOpenAsync(guest);
        await guest.BeginAsync();
        var result = await run.WaitAsync(Token);
        result.ExitCode.Should().Be(5, result.ToString());
        result.Stderr.Should().Contain("given up").And.Contain("limit on file sizes");
        await ShouldBeClosedAsync(guest);
        guest.Done.Should().Be(WritingGuest.Writes);
    }

    private static async Task StartAsync(WritingGuest guest) =>
        (await CommandOf.RunAsync(guest.Vm, "start", "--fleecing", "overlay", "--no-space-check")).EnsureSuccess();
}

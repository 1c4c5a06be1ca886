using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Another client changes the bitmaps that record. What is missing in them is never missing in a backup.</summary>
public sealed class BitmapInterferenceTests
{
    public static TheoryData<string, DiskFormat, string?> Hands
    {
        get
        {
            var hands = new TheoryData<string, DiskFormat, string?>();
            foreach (var what in new[] { "clear", "clear the twin", "stop for a while", "stop the twin" })
                hands.Add(what, DiskFormat.Qcow2, null);
            hands.Add("clear", DiskFormat.Qcow2, "11.1");
            hands.Add("stop for a while", DiskFormat.Qcow2, "11.1");
            hands.Add("clear", DiskFormat.Raw, null);
            return hands;
        }
    }

    private static async Task<RepositoryLab> LabAsync(DiskFormat format = DiskFormat.Qcow2, string? version = null)
    {
        Assert.SkipUnless(version is null || QemuBinaries.TryGet(version) is not null, QemuBinaries.Missing(version ?? ""));
        var lab = await RepositoryLab.StartAsync(new QemuVmOptions
        {
            Binaries = version is null ? null
            : QemuBinaries.TryGet(version),
            Disks = [new TestDisk("a") { Format = format }]
        });
        await lab.Vm.WriteAsync("a", 0, 0x11, 8 * Mib);
        await lab.RunAsync();
        return lab;
    }

    private static async Task<string> NameAsync(QemuVm vm, bool open = false, bool twin = false)
    {
        var state = await vm.StateAsync();
        return (twin ? state.Twins : state.Bitmaps).Single(line => line.Contains(".open") == open).Split(' ')[0]["a/".Length..];
    }

    private static async Task DoAsync(QemuVm vm, string command, string bitmap) =>
        await vm.Monitor.ExecuteAsync("block-dirty-bitmap-" + command, $$"""{"node":"a","name":"{{bitmap}}"}""", Token);

    // The guest writes before, during and after the change: some of it is missing in one bitmap, nothing in the other.
    private static async Task InterfereAsync(QemuVm vm, string what, bool open)
    {
        var bitmap = await NameAsync(vm, open, what.Contains("twin", StringComparison.Ordinal));
        await vm.WriteAsync("a", 5 * Mib, 0x22, 100_352);
        await DoAsync(vm, what.StartsWith("clear", StringComparison.Ordinal) ? "clear" : "disable", bitmap);
        await vm.WriteAsync("a", 6 * Mib, 0x33, 4096);
        if (what.StartsWith("stop", StringComparison.Ordinal))
            await DoAsync(vm, "enable", bitmap);
        await vm.WriteAsync("a", 10 * Mib, 0x44, Mib);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Hands))]
    public async Task Bitmap_changed_by_another_client_makes_the_next_backup_a_full_with_the_reason(
        string what, DiskFormat format, string? version)
    {
        await using var lab = await LabAsync(format, version);
        await InterfereAsync(lab.Vm, what, open: false);
        var demand = () => lab.RunAsync(r => r with { Level = LevelChoice.Incremental });
        (await demand.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.IncrementalNotSound);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Should()
            .Match<PointDisk>(d => d.Level == BackupLevel.Full && d.Reason.Contains("its twin differ"));

        await lab.Vm.WriteAsync("a", Mib, 0x55, 4096);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Incremental);
        await lab.ShouldAllBeRightAsync();
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Hands))]
    public async Task Backup_is_not_finished_after_another_client_changed_its_bitmap(string what, DiskFormat format, string? version)
    {
        await using var lab = await LabAsync(format, version);
        await WorkflowOf.StartAsync(lab.Vm);
        await InterfereAsync(lab.Vm, what, open: true);
        (await WorkflowOf.StatusAsync(lab.Vm)).Problem.Should().Contain("cleared");
        var finish = () => WorkflowOf.FinishAsync(lab.Vm);
        (await finish.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.BackupFailed);
        await WorkflowOf.AbortAsync(lab.Vm);

        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Incremental);
        await lab.ShouldAllBeRightAsync();
    }

    // The old bitmap does not record while the backup is open; its twin does.
    [Fact(Timeout = 120_000)]
    public async Task Bitmap_that_was_cleared_during_a_backup_is_not_trusted_after_an_abort()
    {
        await using var lab = await LabAsync();
        var old = await NameAsync(lab.Vm);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x22, 4096);
        await WorkflowOf.StartAsync(lab.Vm, r => r with { Level = LevelChoice.Full });
        await DoAsync(lab.Vm, "clear", old);
        await lab.Vm.WriteAsync("a", 3 * Mib, 0x33, 4096);
        await WorkflowOf.AbortAsync(lab.Vm);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);
        await lab.ShouldAllBeRightAsync();
    }

    // Nothing records in it any more. It is unchanged since it was closed, or another client changed it.
    [Theory(Timeout = 120_000)]
    [InlineData("clear", null)]
    [InlineData("clear", "11.1")]
    [InlineData("stop for a while", null)]
    public async Task Changed_member_of_a_kept_sequence_ends_the_sequence(string what, string? version)
    {
        await using var lab = await LabAsync(version: version);
        var kept = await NameAsync(lab.Vm);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x22, 4096);
        await WorkflowOf.StartAsync(lab.Vm);
        var second = await lab.PullAsync();
        lab.Remember(second.Point);
        await lab.Vm.WriteAsync("a", 3 * Mib, 0x33, 4096);
        await WorkflowOf.FinishAsync(lab.Vm, keepBitmap: true);
        var since = lab.Chain.Read().Points[0].Checkpoint;
        Func<StartRequest, StartRequest> back = r => r with { Since = since };
        await WorkflowOf.StartAsync(lab.Vm, back);
        lab.Remember((await lab.PullAsync()).Point);
        await WorkflowOf.AbortAsync(lab.Vm);
        await lab.ShouldAllBeRightAsync();

        if (what == "clear")
        {
            await DoAsync(lab.Vm, "clear", kept);
        }
        else
        {
            await DoAsync(lab.Vm, "enable", kept);
            await lab.Vm.WriteAsync("a", 4 * Mib, 0x44, 4096);
            await DoAsync(lab.Vm, "disable", kept);
        }

        var start = () => WorkflowOf.StartAsync(lab.Vm, back);
        (await start.Should().ThrowAsync<BackupException>()).Which.Should()
            .Match<BackupException>(e => e.Code == BackupErrorCode.IncrementalNotSound && e.Message.Contains("its twin differ"));
        var last = (await lab.RunAsync()).Pulled.Point.Disks.Single();
        last.Should().Match<PointDisk>(d => d.Level == BackupLevel.Incremental && d.Parent == second.Point.Id);
        (await lab.Vm.StateAsync()).Bitmaps.Should().ContainSingle();
        await lab.ShouldAllBeRightAsync();
    }

    // It recorded nothing between being closed and being enabled.
    [Fact(Timeout = 120_000)]
    public async Task Enabled_member_of_a_kept_sequence_does_not_replace_the_newest()
    {
        await using var lab = await LabAsync();
        var kept = await NameAsync(lab.Vm);
        await WorkflowOf.StartAsync(lab.Vm);
        lab.Remember((await lab.PullAsync()).Point);
        await WorkflowOf.FinishAsync(lab.Vm, keepBitmap: true);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x22, 4096);
        foreach (var member in new[] { kept, kept.Replace(".on-", ".twin.on-", StringComparison.Ordinal) })
            await DoAsync(lab.Vm, "enable", member);
        await lab.Vm.WriteAsync("a", 3 * Mib, 0x33, 4096);
        await DoAsync(lab.Vm, "clear", (await lab.Vm.StateAsync()).Bitmaps.Single(line => !line.Contains(kept, StringComparison.Ordinal))
            .Split(' ')[0]["a/".Length..]);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 120_000)]
    public async Task Pull_leaves_no_point_if_its_bitmap_is_cleared()
    {
        await using var lab = await LabAsync();
        await WorkflowOf.StartAsync(lab.Vm);
        await lab.Vm.WriteAsync("a", 2 * Mib, 0x22, 4096);
        await DoAsync(lab.Vm, "clear", await NameAsync(lab.Vm, open: true));
        var pull = () => lab.PullAsync();
        (await pull.Should().ThrowAsync<BackupException>()).Which.Message.Should().Contain("cleared");
        lab.Chain.Read().Points.Should().ContainSingle();
    }

    // Aborts, restarts and interrupted backups change both in the same way.
    [Fact(Timeout = 120_000)]
    public async Task Without_interference_both_bitmaps_agree_and_every_backup_is_an_increment()
    {
        await using var lab = await LabAsync();
        for (var round = 0; round < 3; round++)
        {
            await lab.Vm.WriteAsync("a", (round + 1) * Mib, 0x66, 4096);
            await WorkflowOf.StartAsync(lab.Vm);
            await lab.Vm.WriteAsync("a", (round + 6) * Mib, 0x77, 4096);
            if (round == 0)
                await WorkflowOf.AbortAsync(lab.Vm);
            else
                await lab.Vm.RestartAsync(Token);
            if (round == 2)
                await WorkflowOf.StartAsync(lab.Vm, r => r with { Level = LevelChoice.Incremental });
            if (round == 2)
                await WorkflowOf.AbortAsync(lab.Vm);
            (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Incremental, "round {0}", round);
        }

        var after = await lab.Vm.StateAsync();
        after.Bitmaps.Should().ContainSingle();
        after.Twins.Should().Equal(after.Bitmaps.Select(line => line.Replace(".on-", ".twin.on-")));
        await lab.ShouldAllBeRightAsync();
    }
}

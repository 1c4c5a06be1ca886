using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>A restore is right or is refused, and leaves nothing incomplete.</summary>
public sealed class RestoreTests
{
    /// <summary>Remembers the reports.</summary>
    private sealed class ProgressLog : IProgress<PullProgress>
    {
        public List<PullProgress> All { get; } = [];

        public void Report(PullProgress value)
        {
            lock (All)
                All.Add(value);
        }
    }

    private static string Script(RepositoryLab lab, string text)
    {
        var path = lab.Vm.Directory.File("qemu-img");
        File.WriteAllText(path, "#!/bin/sh\n" + text + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static void ShouldHaveLeftNothing(RepositoryLab lab) =>
        Directory.EnumerateFiles(lab.Vm.Directory.Path).Select(Path.GetFileName).Should()
            .NotContain(f => f!.StartsWith("out") || f.StartsWith(".qbackup-"));

    // qemu-img restores compressed images, and no others. QEMU compresses only whole clusters.
    private static async Task<RepositoryLab> LabAsync(bool compress = true)
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = (40 * Mib) + (compress ? 65536 : 512) });
        lab.Options = new PullOptions { Compress = compress };
        await lab.Vm.WriteAsync("a", 0, 0x11, 7 * Mib);
        await lab.Vm.WriteAsync("a", (40 * Mib) - 512, 0x12, 1024);
        await lab.RunAsync();
        for (var i = 0; i < 40; i++)
            await lab.Vm.WriteAsync("a", i * Mib, (byte)(i + 0x20), 65536 * ((i % 3) + 1));
        await lab.Vm.WriteZeroesAsync("a", 3 * Mib, 2 * Mib);
        await lab.RunAsync();
        return lab;
    }

    [Theory(Timeout = 90_000)]
    [InlineData(ImageFormat.Raw, false)]
    [InlineData(ImageFormat.Qcow2, false)]
    [InlineData(ImageFormat.Raw, true)]
    [InlineData(ImageFormat.Qcow2, true)]
    public async Task Fragmented_disk_of_an_odd_size_is_restored_exactly_and_progress_reaches_the_total(ImageFormat format, bool compress)
    {
        await using var lab = await LabAsync(compress);
        var progress = new ProgressLog();
        var target = lab.Vm.Directory.File("restored");
        var restored = await new Restorer(lab.Chain, new CheckOptions { Progress = progress })
            .RestoreAsync("latest", "a", target, format, cancellationToken: Token);
        restored.Size.Should().Be(lab.Vm.Snapshot("a").Length);
        var bytes = format == ImageFormat.Raw ? await File.ReadAllBytesAsync(target, Token) : await DiskImages.ReadAsync(target);
        bytes.AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
        progress.All[^1].Should().Match<PullProgress>(p => p.Done == p.Total && p.Total < 40 * Mib);
    }

    [Theory(Timeout = 90_000)]
    [InlineData(ImageFormat.Raw, "printf X | dd of=\"$t\" bs=1 seek=7500000 conv=notrunc", "not what it should be")]
    [InlineData(ImageFormat.Raw, "printf X | dd of=\"$t\" bs=1 seek=6000000 conv=notrunc", "not what it should be")]
    [InlineData(ImageFormat.Raw, "truncate -s 20M \"$t\"", "not what it should be")]
    [InlineData(ImageFormat.Qcow2, "qemu-io -f qcow2 -c 'write -P 7 20M 64k' \"$t\"", "not what it should be")]
    [InlineData(ImageFormat.Qcow2, "qemu-io -f qcow2 -c 'write -z 20M 64k' \"$t\"", "not what it should be")]
    [InlineData(ImageFormat.Qcow2, "qemu-io -f qcow2 -c 'write -P 7 3M 512' \"$t\"", "not what it should be")]
    [InlineData(ImageFormat.Raw, "echo No space left on device >&2; exit 1", "No space left on device")]
    public async Task Target_that_loses_what_was_written_is_reported_and_the_point_is_not_called_damaged(
        ImageFormat format, string damage, string message)
    {
        await using var lab = await LabAsync();
        // The file never contains the right bytes.
        var tool = Script(lab, $$"""
            [ "$1" = convert ] || exec qemu-img "$@"
            for end; do :; done
            t=$0.x
            for a; do shift; [ "$a" != "$end" ] || a=$t; set -- "$@" "$a"; done
            qemu-img "$@" || exit
            trap 'rm -f "$t"' EXIT
            { {{damage}}; } >/dev/null
            cat "$t" >"$end"
            """);
        var restore = () => new Restorer(lab.Chain, new CheckOptions { Tools = new QemuTools { QemuImg = tool } })
            .RestoreAsync("latest", "a", lab.Vm.Directory.File("out"), format, cancellationToken: Token);
        var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Contain(message);
        ShouldHaveLeftNothing(lab);
    }

    [Theory(Timeout = 90_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unreadable_image_is_called_damaged_and_the_target_is_not(bool compress)
    {
        await using var lab = await LabAsync(compress);
        var point = lab.Chain.Read().Points[^1];
        await using (var file = new FileStream(lab.ImageOf(point, "a"), FileMode.Open, FileAccess.ReadWrite))
        {
            // The first entry of the L1 table leads nowhere.
            var place = new byte[8];
            file.Seek(40, SeekOrigin.Begin);
            await file.ReadExactlyAsync(place, Token);
            file.Seek(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(place), SeekOrigin.Begin);
            file.Write([0x80, 0, 0, 0x7f, 0xff, 0xff, 0, 0]);
        }

        var restore = () =>
            new Restorer(lab.Chain).RestoreAsync("latest", "a", lab.Vm.Directory.File("out"), ImageFormat.Qcow2, cancellationToken: Token);
        var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.VerificationFailed);
        failure.Message.Should().StartWith($"Disk a of point {point.Id} is damaged: ");
        ShouldHaveLeftNothing(lab);
    }

    [Fact(Timeout = 90_000)]
    public async Task Stopped_restore_ends_the_program_and_leaves_no_file()
    {
        await using var lab = await LabAsync();
        var tool = Script(lab, "echo $$ >\"$0.tmp\"; mv \"$0.tmp\" \"$0.pid\"; for t; do :; done; echo half >\"$t\"; exec sleep 1000");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var restoring = new Restorer(lab.Chain, new CheckOptions { Tools = new QemuTools { QemuImg = tool } })
            .RestoreAsync("latest", "a", lab.Vm.Directory.File("out"), ImageFormat.Raw, cancellationToken: stop.Token);
        var pid = await PidAsync(tool + ".pid");
        await stop.CancelAsync();
        await restoring.Invoking(r => r).Should().ThrowAsync<OperationCanceledException>();
        Directory.Exists("/proc/" + pid).Should().BeFalse();
        ShouldHaveLeftNothing(lab);
    }

    [Fact(Timeout = 90_000)]
    public async Task Killed_qbackup_leaves_no_program_behind()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "util-linux' setpriv is not there");
        await using var lab = await LabAsync();
        var tool = Script(lab, "echo $$ >\"$0.tmp\"; mv \"$0.tmp\" \"$0.pid\"; exec sleep 1000");
        await using var command = Qbackup.Start(
            ["restore", "--repo", lab.Repository.Path, "--point", "latest", "--disk", "a", "--to", lab.Vm.Directory.File("out")],
            new CommandOptions
            {
                Environment = new Dictionary<string,
                string?>
                { ["PATH"] = Path.GetDirectoryName(tool) + ":" + Environment.GetEnvironmentVariable("PATH") }
            });
        var pid = await PidAsync(tool + ".pid");
        command.Send(Signal.Kill);
        await command.WaitAsync(Token);
        while (Directory.Exists("/proc/" + pid))
            await Task.Yield();
    }

    private static async Task<string> PidAsync(string path)
    {
        while (!File.Exists(path))
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return (await File.ReadAllTextAsync(path, Token)).Trim();
    }
}

using QmpBackup.Testing;
using QmpBackup.Transfer;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// An image that leads QEMU's programs to another file, also one that is swapped in after the check: nothing of that file reaches a restored
/// disk.
/// </summary>
public sealed class HostileImageTests
{
    [Fact(Timeout = 90_000)]
    public async Task Program_that_opened_other_files_than_the_images_is_not_used()
    {
        await using var directory = TestDirectory.Create();
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", directory.File("a.qcow2"), "1M");
        await File.WriteAllTextAsync(directory.File("secret"), "x", Token);
        using var chain = ImageChain.Open(directory.File("a.qcow2"));
        foreach (var (file, isFine) in new[] { ("a.qcow2", true), ("secret", false) })
        {
            using var process = QemuTools.Start("sh", ["-c", $"exec 5<{directory.File(file)}; echo ready; read line"]);
            (await process.StandardOutput.ReadLineAsync(Token)).Should().Be("ready");
            var look = () => chain.RequireNothingElseAsync(process, written: null, TimeProvider.System, Token);
            if (isFine)
                await look.Should().NotThrowAsync();
            else
                await look.Should().ThrowAsync<BackupException>().WithMessage("*was changed while it was opened*secret*");
            process.Kill();
        }
    }

    [Fact(Timeout = 90_000)]
    public async Task File_that_a_program_opens_briefly_is_not_taken_for_an_image()
    {
        await using var directory = TestDirectory.Create();
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", directory.File("a.qcow2"), "1M");
        using var chain = ImageChain.Open(directory.File("a.qcow2"));
        using var process = QemuTools.Start(
            "sh", ["-c", $"exec 5<{directory.File("a.qcow2")} 6</proc/meminfo; echo ready; read line; exec 6<&-; read line"]);
        (await process.StandardOutput.ReadLineAsync(Token)).Should().Be("ready");
        var look = chain.RequireNothingElseAsync(process, written: null, TimeProvider.System, Token);
        look.IsCompleted.Should().BeFalse("it checks again");
        await process.StandardInput.WriteLineAsync("close it");
        await process.StandardInput.FlushAsync(Token);
        await look;
        process.Kill();
    }

    [Theory(Timeout = 90_000)]
    [InlineData("file")]
    [InlineData("pipe")]
    public async Task Copy_stops_if_the_image_leads_to_another_file_while_it_is_opened(string victim)
    {
        await using var directory = TestDirectory.Create();
        string File(string name) => directory.File(name);
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", File("a.qcow2"), "16M");
        System.IO.File.Copy(File("a.qcow2"), File("hostile"));
        if (victim == "pipe")
            await CommandRunner.RunCheckedAsync("mkfifo", File("secret"));
        else
            await System.IO.File.WriteAllBytesAsync(File("secret"), Enumerable.Repeat((byte)0x5a, 16 * Mib).ToArray(), Token);
        await LeadToAsync(File("hostile"), File("secret"));
        // The rate makes the copy last. It does not limit what the kernel copies, so the second option, -C, is left out.
        var program = await ScriptAsync(File("qemu-img"), $"""
            [ "$1 $2 $3" = "convert -q -C" ] || exit 99
            dd if={File("hostile")} of={File("a.qcow2")} bs=64k count=1 conv=notrunc status=none
            shift 3
            exec {QemuBinaries.Host.Img} convert -q -r 1M "$@"
            """);
        var copy = () =>
            QemuImage.ConvertAsync(new QemuTools { QemuImg = program }, File("a.qcow2"), File("out"), "raw", new FastClock(), Token);
        var failure = (await copy.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(victim == "pipe" ? BackupErrorCode.TimedOut : BackupErrorCode.Storage, failure.Message);
        failure.Message.Should().Contain(victim == "pipe" ? "was not opened in time" : "was changed while it was opened");
    }

    // A small disk is copied before the opened files can be checked, and the header is right again when the copy ends. Only the result
    // shows it.
    [Theory(Timeout = 90_000)]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public async Task Restore_never_returns_another_file_wherever_the_image_led_during_the_copy(ImageFormat format)
    {
        await using var lab = await RepositoryLab.StartAsync();
        // Of compressed images the program makes the copy.
        lab.Options = new PullOptions { Compress = true };
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        var point = (await lab.RunAsync()).Pulled.Point;
        string File(string name) => lab.Vm.Directory.File(name);
        var image = lab.ImageOf(point, "a");
        await System.IO.File.WriteAllBytesAsync(
            File("secret"), Enumerable.Repeat((byte)0x5a, lab.Vm.Snapshot("a").Length).ToArray(), Token);
        foreach (var name in new[] { "right", "hostile" })
            System.IO.File.Copy(image, File(name));
        await LeadToAsync(File("hostile"), File("secret"));
        var copied = File("copied");
        var program = await ScriptAsync(File("qemu-img"), $"""
            if [ "$1" != convert ]; then exec {QemuBinaries.Host.Img} "$@"; fi
            dd if={File("hostile")} of={image} bs=64k count=1 conv=notrunc status=none
            {QemuBinaries.Host.Img} "$@"
            code=$?
            for last in "$@"; do :; done
            cp "$last" {copied}
            dd if={File("right")} of={image} bs=64k count=1 conv=notrunc status=none
            exit $code
            """);
        var restorer = new Restorer(lab.Chain, new CheckOptions { Tools = new QemuTools { QemuImg = program } });
        var target = Path.Combine(lab.Vm.Directory.Folder("to"), "out");
        var restore = () => restorer.RestoreAsync(point.Id.Value, "a", target, format, cancellationToken: Token);
        (await restore.Should().ThrowAsync<BackupException>()).WithMessage("*is not what it should be*");
        (format == ImageFormat.Raw ? await System.IO.File.ReadAllBytesAsync(copied, Token) : await DiskImages.ReadAsync(copied)).Should()
            .Contain(0x5a, "the copy did follow the header");
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(target)!).Should().BeEmpty();
        await lab.ShouldAllBeRightAsync();
    }

    private static Task<CommandResult> LeadToAsync(string image, string file) =>
        CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "rebase", "-u", "-f", "qcow2", "-b", file, "-F", "raw", image);

    private static async Task<string> ScriptAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path, "#!/bin/sh\n" + text, Token);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    // A clock on which a minute passes at once.
    private sealed class FastClock : TimeProvider
    {
        public override long GetTimestamp() => base.GetTimestamp() * 50;
    }
}

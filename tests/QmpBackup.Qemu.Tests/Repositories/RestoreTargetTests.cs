using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Restores to NBD exports and block devices.</summary>
public sealed class RestoreTargetTests
{
    private const long Size = (8 * Mib) + 512;

    /// <summary>An NBD server in the background.</summary>
    private sealed class Server(string uri, string pidFile) : IAsyncDisposable
    {
        public string Uri => uri;

        public static async Task<Server> StartAsync(RepositoryLab lab, string kind, long size, bool readOnly = false)
        {
            var (file, socket, pid) = (
                lab.Vm.Directory.File("target"), lab.Vm.Directory.File("target.sock"), lab.Vm.Directory.File("target.pid"));
            // The old content must not remain where the disk holds zeroes.
            await File.WriteAllBytesAsync(file, [.. Enumerable.Repeat((byte)0xee, (int)size)], Token);
            if (kind == "qcow2")
            {
                await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "convert", "-f", "raw", "-O", "qcow2", file, file + ".qcow2");
                file += ".qcow2";
            }

            string[] command = kind == "nbdkit"
                ? ["nbdkit", "-U", socket, "-P", pid, .. readOnly ? ["-r"] : Array.Empty<string>(), "file", file]
                : kind == "nbdkit without zeroes" ? ["nbdkit", "-U", socket, "-P", pid, "--filter=nozero", "file", file]
                : [QemuBinaries.Host.Nbd, "--fork", "-t", "-k", socket, "--pid-file=" + pid, "-e", "8", "-f", kind, .. readOnly ? ["-r"]
                    : Array.Empty<string>(), file];
            await CommandRunner.RunCheckedAsync(command[0], command[1..]);
            return new Server($"nbd+unix:///?socket={socket}", pid);
        }

        public async ValueTask DisposeAsync() => await CommandRunner.RunAsync("kill", [(await File.ReadAllTextAsync(pidFile)).Trim()]);
    }

    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = Size });
        await lab.Vm.WriteAsync("a", 0, 0x11, 3 * Mib);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", Size - 512, 0x22, 512);
        await lab.Vm.WriteZeroesAsync("a", Mib, Mib);
        await lab.RunAsync();
        return lab;
    }

    private static Task<CommandResult> RestoreAsync(RepositoryLab lab, params string[] arguments) =>
        Qbackup.RunAsync(["restore", "--repo", lab.Repository.Path, "--point", "latest", .. arguments], null, Token);

    private static async Task ShouldEqualAsync(RepositoryLab lab, string target, string format = "raw")
    {
        var image = lab.ImageOf(lab.Chain.Read().Points[^1], "a");
        (await DiskOracle.CompareImageAsync(lab.Vm.Snapshot("a"), image)).Should().BeNull();
        var compared = await CommandRunner.RunAsync(
            QemuBinaries.Host.Img, ["compare", "-U", "-f", format, "-F", "qcow2", target, image], null, Token);
        compared.ExitCode.Should().Be(0, compared.Stdout + compared.Stderr);
        compared.Stdout.Trim().Should().Be("Images are identical.");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("raw")]
    [InlineData("qcow2")]
    [InlineData("nbdkit")]
    [InlineData("nbdkit without zeroes")]
    public async Task Export_is_overwritten_from_end_to_end(string kind)
    {
        await using var lab = await LabAsync();
        await using var server = await Server.StartAsync(lab, kind, Size);
        var result = await RestoreAsync(lab, "--disk", "a", "--to", server.Uri);
        result.ExitCode.Should().Be(0, result.Stderr);
        await ShouldEqualAsync(lab, server.Uri);

        // A single disk need not be named.
        (await RestoreAsync(lab, "--to", server.Uri)).ExitCode.Should().Be(0);
        await ShouldEqualAsync(lab, server.Uri);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("raw")]
    [InlineData("nbdkit")]
    public async Task Export_that_is_too_small_or_read_only_is_refused_and_not_touched(string kind)
    {
        await using var lab = await LabAsync();
        await using (var small = await Server.StartAsync(lab, kind, 4 * Mib))
        {
            var failed = await RestoreAsync(lab, "--disk", "a", "--to", small.Uri);
            failed.ExitCode.Should().Be(8, failed.Stderr);
            failed.Stderr.Should().Contain($"The target has {4 * Mib} bytes, disk a has {Size}");
        }

        (await File.ReadAllBytesAsync(lab.Vm.Directory.File("target"), Token)).Should().OnlyContain(b => b == 0xee);
        File.Delete(lab.Vm.Directory.File("target.sock"));
        await using (var fixedOne = await Server.StartAsync(lab, kind, Size, readOnly: true))
        {
            var failed = await RestoreAsync(lab, "--disk", "a", "--to", fixedOne.Uri);
            failed.ExitCode.Should().Be(8, failed.Stderr);
            failed.Stderr.Should().Contain("can only be read");
        }

        var missing = await RestoreAsync(lab, "--disk", "a", "--to", $"nbd+unix:///?socket={lab.Vm.Directory.File("missing")}");
        missing.ExitCode.Should().Be(8, missing.Stderr);
    }

    [Fact(Timeout = 60_000)]
    public async Task Invalid_URI_is_not_taken_for_a_local_file()
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.File("here");
        Directory.CreateDirectory(folder);
        foreach (var target in (string[])["nbd:localhost:10809:exportname=a", "nbd://localhost/a?tls-psk-file=/keys", "nbd+vsock://1/a",
            "nbds://localhost/my disk"])
        {
            foreach (var disk in (string[][])[[], ["--disk", "a"]])
            {
                var failed = await Qbackup.RunAsync(
                    ["restore", "--repo", lab.Repository.Path, "--point", "latest", .. disk, "--to", target],
                    new CommandOptions { WorkingDirectory = folder }, Token);
                failed.ExitCode.Should().Be(2, failed.ToString());
                failed.Stderr.Should().Contain("is not a valid NBD URI").And.Contain("./nbd:");
            }
        }

        Directory.EnumerateFileSystemEntries(folder).Should().BeEmpty();
        var restored = await Qbackup.RunAsync(
            ["restore", "--repo", lab.Repository.Path, "--point", "latest", "--disk", "a", "--to", "./nbd:a", "--format", "raw"],
            new CommandOptions { WorkingDirectory = folder }, Token);
        restored.ExitCode.Should().Be(0, restored.Stderr);
        await ShouldEqualAsync(lab, Path.Combine(folder, "nbd:a"));

        var restorer = new QmpBackup.Restorer(lab.Chain);
        var several = () => restorer.RestoreAllAsync("latest", "nbd://localhost/a", ImageFormat.Raw, cancellationToken: Token);
        (await several.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.InvalidArgument);
    }

    [Fact(Timeout = 60_000)]
    public async Task Damaged_content_is_not_written_to_an_export()
    {
        await using var lab = await LabAsync();
        var image = lab.ImageOf(lab.Chain.Read().Points[0], "a");
        await using (var file = new FileStream(image, FileMode.Open))
        {
            for (var at = 5L << 16; at < file.Length; at += 1 << 16)
            {
                file.Seek(at, SeekOrigin.Begin);
                file.WriteByte(0x12);
            }
        }

        await using var server = await Server.StartAsync(lab, "raw", Size);
        var failed = await RestoreAsync(lab, "--disk", "a", "--to", server.Uri);
        failed.ExitCode.Should().Be(6, failed.Stderr);
        failed.Stderr.Should().Contain(lab.Chain.Read().Points[0].Id.Value);
    }

    [Fact(Timeout = 60_000)]
    public async Task Restore_to_a_silent_server_ends_after_nbd_timeout()
    {
        await using var lab = await LabAsync();
        await using var server = new SilentServer(lab.Vm.Directory.File("silent"));

        var failed = await RestoreAsync(lab, "--to", $"nbd+unix:///?socket={server.Path}", "--nbd-timeout", "1");

        failed.ExitCode.Should().Be(8, failed.Stderr);
        failed.Stderr.Should().Contain("did not finish the handshake within 1 s");
    }

    [Fact(Timeout = 60_000)]
    public async Task Several_disks_cannot_be_restored_to_one_export()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        await lab.RunAsync();
        var failed = await RestoreAsync(lab, "--to", "nbd+unix:///?socket=/nowhere");
        failed.ExitCode.Should().Be(2, failed.Stderr);
        failed.Stderr.Should().Contain("a, b");
    }

    [Fact(Timeout = 60_000)]
    public async Task Block_device_is_overwritten_only_with_force()
    {
        await using var lab = await LabAsync();
        var file = lab.Vm.Directory.File("device");
        await File.WriteAllBytesAsync(file, [.. Enumerable.Repeat((byte)0xee, (int)Size)], Token);
        var made = await CommandRunner.RunAsync("losetup", ["-f", "--show", file]);
        Assert.SkipUnless(made.ExitCode == 0, "machine: losetup cannot make a block device here: " + made.Stderr);
        var device = made.Stdout.Trim();
        try
        {
            (await RestoreAsync(lab, "--disk", "a", "--to", device)).ExitCode.Should().Be(8);
            (await File.ReadAllBytesAsync(file, Token)).Should().OnlyContain(b => b == 0xee);
            var result = await RestoreAsync(lab, "--disk", "a", "--to", device, "--force");
            result.ExitCode.Should().Be(0, result.Stderr);
            await ShouldEqualAsync(lab, device);
        }
        finally
        {
            await CommandRunner.RunAsync("losetup", ["-d", device]);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Block_device_that_is_too_small_is_refused()
    {
        await using var lab = await LabAsync();
        var file = lab.Vm.Directory.File("device");
        await File.WriteAllBytesAsync(file, new byte[4 * Mib], Token);
        var made = await CommandRunner.RunAsync("losetup", ["-f", "--show", file]);
        Assert.SkipUnless(made.ExitCode == 0, "machine: losetup cannot make a block device here: " + made.Stderr);
        try
        {
            var failed = await RestoreAsync(lab, "--disk", "a", "--to", made.Stdout.Trim(), "--force");
            failed.ExitCode.Should().Be(8, failed.Stderr);
            failed.Stderr.Should().Contain($"The target has {4 * Mib} bytes");
        }
        finally
        {
            await CommandRunner.RunAsync("losetup", ["-d", made.Stdout.Trim()]);
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData("raw")]
    [InlineData("qcow2")]
    public async Task Restored_file_has_the_requested_format(string format)
    {
        await using var lab = await LabAsync();
        var target = lab.Vm.Directory.File("out");
        (await RestoreAsync(lab, "--disk", "a", "--to", target, "--format", format)).ExitCode.Should().Be(0);
        await ShouldEqualAsync(lab, target, format);
    }
}

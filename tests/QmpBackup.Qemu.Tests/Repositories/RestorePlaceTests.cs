using System.IO.MemoryMappedFiles;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// What a restore may write to: nothing that is in use, nothing in a repository, and nothing that another user can replace.
/// </summary>
public sealed class RestorePlaceTests
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PrivateFolder = Private | UnixFileMode.UserExecute;
    private const UnixFileMode Open = PrivateFolder | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static Task<RepositoryLab> LabAsync(params string[] disks) => LabAsync(new PullOptions(), disks);

    private static async Task<RepositoryLab> LabAsync(PullOptions options, params string[] disks)
    {
        var lab = await RepositoryLab.StartAsync(null, [.. (disks.Length > 0 ? disks : ["a"]).Select(d => new TestDisk(d) { Size = Mib })]);
        lab.Options = options;
        foreach (var disk in lab.Vm.Disks)
            await lab.Vm.WriteAsync(disk.Name, 65536, 0x11, 4096);
        await lab.RunAsync();
        return lab;
    }

    private static Task<CommandResult> RestoreAsync(RepositoryLab lab, params string[] arguments) =>
        Qbackup.RunAsync(["restore", "--repo", lab.Repository.Path, "--point", "latest", .. arguments], null, Token);

    private static async Task ShouldRefuseAsync(RepositoryLab lab, int exit, string because, params string[] arguments)
    {
        var refused = await RestoreAsync(lab, arguments);
        refused.ExitCode.Should().Be(exit, refused.ToString());
        refused.Stderr.Should().Contain(because).And.NotContain("Could not find a part").And.NotContain("   at ");
    }

    private static async Task ShouldBeTheDiskAsync(RepositoryLab lab, string target, string format = "qcow2") =>
        DiskOracle.Compare(lab.Vm.Snapshot("a"), format == "raw" ? await File.ReadAllBytesAsync(target, Token)
            : await DiskImages.ReadAsync(target)).Should().BeNull();

    private static void ShouldHoldNothingElse(string folder, params string[] names) =>
        Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Should().BeEquivalentTo(names);

    [Fact(Timeout = 90_000)]
    public async Task Image_of_a_running_vm_and_the_files_beside_it_are_not_replaced()
    {
        await using var lab = await LabAsync("a", "b");
        var folder = lab.Vm.Directory.Folder("images");
        await File.WriteAllTextAsync(Path.Combine(folder, "a.qcow2"), "old", Token);
        await CommandRunner.RunCheckedAsync("ln", lab.Vm.ImagePath("b"), Path.Combine(folder, "b.qcow2"));
        File.CreateSymbolicLink(lab.Vm.Directory.File("link"), lab.Vm.ImagePath("a"));

        string[][] targets = [["--to", folder], ["--disk", "a", "--to", lab.Vm.ImagePath("a")],
            ["--disk", "a", "--to", lab.Vm.Directory.File("link")]];
        foreach (var target in targets)
            await ShouldRefuseAsync(lab, 8, "is in use: process ", [.. target, "--force"]);
        (await RestoreAsync(lab, "--disk", "a", "--to", lab.Vm.ImagePath("a"))).Stderr.Should().Contain("is in use")
            .And.NotContain("--force");

        (await File.ReadAllTextAsync(Path.Combine(folder, "a.qcow2"), Token)).Should().Be("old");
        ShouldHoldNothingElse(folder, "a.qcow2", "b.qcow2");
        foreach (var disk in (string[])["a", "b"])
            await lab.Vm.WriteAsync(disk, 0, 0x33, 4096);
        await lab.Vm.QuitAsync();
        foreach (var disk in (string[])["a", "b"])
        {
            (await DiskOracle.CompareImageAsync(lab.Vm.Snapshot(disk), lab.Vm.ImagePath(disk))).Should().BeNull();
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData("read", "is in use: process ")]
    [InlineData("mapped", "is in use: process ")]
    [InlineData("loop", "is in use: loop device /dev/loop")]
    [InlineData("swap", "is in use: the kernel, which swaps to it, has it open")]
    public async Task File_that_is_in_use_is_not_replaced(string how, string because)
    {
        await using var lab = await LabAsync();
        var target = lab.Vm.Directory.File("in use");
        await File.WriteAllBytesAsync(target, new byte[Mib], Token);
        if (how == "loop")
        {
            var made = await CommandRunner.RunAsync("losetup", ["-f", "--show", target]);
            Assert.SkipUnless(made.ExitCode == 0, "machine: losetup cannot make a block device here: " + made.Stderr);
            try
            {
                await ShouldRefuseAsync(lab, 8, because, "--disk", "a", "--to", target, "--force");
            }
            finally
            {
                await CommandRunner.RunAsync("losetup", ["-d", made.Stdout.Trim()]);
            }
        }
        else if (how == "swap")
        {
            File.SetUnixFileMode(target, Private);
            await CommandRunner.RunCheckedAsync("mkswap", target);
            Assert.SkipUnless((await CommandRunner.RunAsync("swapon", [target])).ExitCode == 0, "machine: nothing can be swapped to here");
            try
            {
                await ShouldRefuseAsync(lab, 8, because, "--disk", "a", "--to", target, "--force");
            }
            finally
            {
                await CommandRunner.RunCheckedAsync("swapoff", target);
            }
        }
        else
        {
            var file = new FileStream(target, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var mapped = how == "mapped" ? MemoryMappedFile.CreateFromFile(
                file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false) : null;
            using var view = mapped?.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            if (mapped is not null)
                await file.DisposeAsync();
            await ShouldRefuseAsync(lab, 8, because, "--disk", "a", "--to", target, "--force");
            if (mapped is null)
                await file.DisposeAsync();
        }

        (await File.ReadAllBytesAsync(target, Token)).Length.Should().Be(Mib);
    }

    // What happens while qemu-img works.
    [Theory(Timeout = 60_000)]
    [InlineData("sleep 1000 <\"$T\" >/dev/null 2>&1 & echo $! >\"$T.pid\"", true, "is in use")]
    [InlineData("rm \"$T\"; echo new >\"$T\"", true, "was changed since the restore began")]
    [InlineData("echo new >\"$T\"", false, "was made by something else during the restore")]
    [InlineData("cd \"${T%/*}\"; for f in .qbackup-*; do rm $f; ln -s secret $f; done", true, "was removed or replaced")]
    [InlineData("echo more >>\"$T\"", true, "was changed since the restore began")]
    [InlineData("cd \"${T%/*}\"; for f in .qbackup-*; do rm $f; ln -s secret $f; done", false, "was removed or replaced")]
    public async Task File_that_appears_at_the_target_during_a_restore_is_left_alone(string change, bool isThere, string because)
    {
        // qemu-img restores compressed images, and no others.
        await using var lab = await LabAsync(new PullOptions { Compress = true });
        var target = Path.Combine(lab.Vm.Directory.Folder("place"), "out");
        if (isThere)
            await File.WriteAllTextAsync(target, "old", Token);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(target)!, "secret"), "secret", Token);
        var tool = lab.Vm.Directory.File("qemu-img");
        await File.WriteAllTextAsync(tool, $"#!/bin/sh\nT='{target}'\n[ $1 = convert ] && {{ {change}; }}\nexec qemu-img \"$@\"\n", Token);
        File.SetUnixFileMode(tool, PrivateFolder);
        try
        {
            var restore = () => new Restorer(lab.Chain, new CheckOptions { Tools = new QemuTools { QemuImg = tool } })
                .RestoreAsync("latest", "a", target, ImageFormat.Qcow2, isThere, Token);
            var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
            failure.Code.Should().Be(BackupErrorCode.Storage);
            failure.Message.Should().Contain(because);
        }
        finally
        {
            if (File.Exists(target + ".pid"))
                await CommandRunner.RunCheckedAsync("kill", (await File.ReadAllTextAsync(target + ".pid", Token)).Trim());
        }

        (await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(target)!, "secret"), Token)).Should().Be("secret");
        if (File.Exists(target))
            (await File.ReadAllTextAsync(target, Token)).Trim().Should().BeOneOf("old", "new", "oldmore");
        Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(target)!).Where(f => Path.GetFileName(f).StartsWith(".qbackup-"))
            .Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task Nothing_is_restored_into_a_repository()
    {
        await using var lab = await LabAsync();
        var other = lab.Vm.Directory.File("other");
        await CommandRunner.RunCheckedAsync("cp", "-a", lab.Repository.Path, other);
        File.CreateSymbolicLink(lab.Vm.Directory.File("link"), lab.Chain.Folder);
        var mounted = lab.Vm.Directory.Folder("mounted");
        var mount = await CommandRunner.RunAsync("mount", ["--bind", Path.GetDirectoryName(lab.Chain.Folder)!, mounted]);
        try
        {
            var before = Directory.GetFileSystemEntries(lab.Repository.Path, "*", SearchOption.AllDirectories);
            foreach (var folder in (string[])[lab.Repository.Path, lab.Chain.Folder, lab.Vm.Directory.File("link"), other,
                other + "/testvm", .. mount.ExitCode == 0 ? [mounted] : Array.Empty<string>()])
            {
                await ShouldRefuseAsync(lab, 8, "is in the repository", "--to", folder, "--force");
                await ShouldRefuseAsync(lab, 8, "is in the repository", "--to", folder + "/new");
                await ShouldRefuseAsync(lab, 8, "is in the repository", "--disk", "a", "--to", folder + "/new.qcow2");
            }

            Directory.GetFileSystemEntries(lab.Repository.Path, "*", SearchOption.AllDirectories).Should().BeEquivalentTo(before);
        }
        finally
        {
            if (mount.ExitCode == 0)
                await CommandRunner.RunCheckedAsync("umount", mounted);
        }

        // A target next to a repository is allowed.
        (await RestoreAsync(lab, "--to", lab.Vm.Directory.File("beside"))).EnsureSuccess();
    }

    [Fact(Timeout = 60_000)]
    public async Task Folders_that_others_can_write_are_used_only_where_they_are_trusted()
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.Folder("shared");
        foreach (var mode in (UnixFileMode[])[Open, Open | UnixFileMode.StickyBit])
        {
            File.SetUnixFileMode(folder, mode);
            await ShouldRefuseAsync(
                lab, 8, $"can be tampered with by other users: every user can write to {folder}", "--disk", "a", "--to", folder + "/out");
            await ShouldRefuseAsync(lab, 8, "can be tampered with by other users", "--to", folder);
        }

        ShouldHoldNothingElse(folder);
        (await RestoreAsync(lab, "--disk", "a", "--to", folder + "/out", "--trust-repository")).EnsureSuccess();
        await ShouldBeTheDiskAsync(lab, folder + "/out");
        // In a folder with the sticky bit, other users cannot replace this user's files.
        Directory.CreateDirectory(folder + "/ours", PrivateFolder);
        (await RestoreAsync(lab, "--to", folder + "/ours")).EnsureSuccess();
        await ShouldBeTheDiskAsync(lab, folder + "/ours/a.qcow2");

        Assert.SkipUnless(Environment.IsPrivilegedProcess, "machine: only root can give a file away");
        File.SetUnixFileMode(folder, PrivateFolder);
        await CommandRunner.RunCheckedAsync("chown", "65534", folder);
        await ShouldRefuseAsync(lab, 8, $"{folder} belongs to user 65534", "--disk", "a", "--to", folder + "/new");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("000")]
    [InlineData("077")]
    [InlineData("277")]
    public async Task Restored_file_is_for_this_user_only_whatever_the_umask(string umask)
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.File("made");
        var command = string.Join(' ', ((string[])[.. Qbackup.Program, "restore", "--repo", lab.Repository.Path, "--point", "latest",
            "--to", folder]).Select(w => $"'{w}'"));
        (await CommandRunner.RunAsync("sh", ["-c", $"umask {umask}; exec {command}"], null, Token)).EnsureSuccess();
        File.GetUnixFileMode(folder).Should().Be(PrivateFolder);
        File.GetUnixFileMode(folder + "/a.qcow2").Should().Be(Private);
    }

    [Fact(Timeout = 60_000)]
    public async Task Replaced_file_keeps_its_owner_and_mode()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "machine: only root can give a file away");
        await using var lab = await LabAsync();
        var target = lab.Vm.Directory.File("vm.qcow2");
        await File.WriteAllTextAsync(target, "old", Token);
        File.SetUnixFileMode(target, Private | UnixFileMode.GroupRead);
        await CommandRunner.RunCheckedAsync("chown", "65534:12", target);
        (await RestoreAsync(lab, "--disk", "a", "--to", target, "--force")).EnsureSuccess();
        (await CommandRunner.RunCheckedAsync("stat", "-c", "%u:%g %a", target)).Stdout.Trim().Should().Be("65534:12 640");
        await ShouldBeTheDiskAsync(lab, target);
    }

    [Fact(Timeout = 60_000)]
    public async Task Target_path_is_resolved_before_it_is_checked()
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.Folder("paths");
        await CommandRunner.RunCheckedAsync("mkfifo", folder + "/fifo");
        using var socket = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(folder + "/socket"));
        File.CreateSymbolicLink(folder + "/null", "/dev/null");
        File.CreateSymbolicLink(folder + "/dangling", folder + "/nothing");
        foreach (var (name, what) in ((string, string)[])[("fifo", "a FIFO"), ("socket", "a socket"), ("null", "a character device"),
            ("dangling", "which is not there")])
        {
            await ShouldRefuseAsync(lab, 8, what, "--disk", "a", "--to", $"{folder}/{name}", "--force");
        }

        await ShouldRefuseAsync(lab, 2, "cannot be restored to standard output", "--disk", "a", "--to", "-");
        await ShouldRefuseAsync(lab, 2, "--format qcow2 is for files", "--to", "nbd+unix:///?socket=/nowhere", "--format", "qcow2");

        // A link is kept: the file that it leads to is written.
        await File.WriteAllTextAsync(folder + "/real", "old", Token);
        File.CreateSymbolicLink(folder + "/link", "real");
        (await RestoreAsync(lab, "--disk", "a", "--to", folder + "/link", "--force")).EnsureSuccess();
        new FileInfo(folder + "/link").LinkTarget.Should().Be("real");
        await ShouldBeTheDiskAsync(lab, folder + "/real");
        ShouldHoldNothingElse(folder, "fifo", "socket", "null", "dangling", "real", "link");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("link")]
    [InlineData("node")]
    public async Task Block_device_is_recognized_whatever_its_path(string kind)
    {
        await using var lab = await LabAsync();
        var file = lab.Vm.Directory.File("device");
        await File.WriteAllBytesAsync(file, [.. Enumerable.Repeat((byte)0xee, Mib)], Token);
        var made = await CommandRunner.RunAsync("losetup", ["-f", "--show", file]);
        Assert.SkipUnless(made.ExitCode == 0, "machine: losetup cannot make a block device here: " + made.Stderr);
        var (device, path) = (made.Stdout.Trim(), lab.Vm.Directory.File("path"));
        try
        {
            if (kind == "link")
            {
                File.CreateSymbolicLink(path, device);
            }
            else
            {
                var numbers = (await CommandRunner.RunCheckedAsync("stat", "-c", "%Hr %Lr", device)).Stdout.Trim().Split(' ');
                await CommandRunner.RunCheckedAsync("mknod", path, "b", numbers[0], numbers[1]);
            }

            await ShouldRefuseAsync(lab, 8, "exists already", "--to", path);
            await ShouldRefuseAsync(lab, 2, "--format qcow2 is for files", "--to", path, "--force", "--format", "qcow2");
            using (new FileStream(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
                await ShouldRefuseAsync(lab, 8, "is in use: process ", "--to", path, "--force");
            (await File.ReadAllBytesAsync(file, Token)).Should().OnlyContain(b => b == 0xee);
            (await RestoreAsync(lab, "--to", path, "--force")).EnsureSuccess();
            await ShouldBeTheDiskAsync(lab, file, "raw");
            (await CommandRunner.RunCheckedAsync("stat", "-L", "-c", "%F", path)).Stdout.Trim().Should().Be("block special file");
            Directory.EnumerateFiles(lab.Vm.Directory.Path, ".qbackup-*").Should().BeEmpty();
        }
        finally
        {
            await CommandRunner.RunAsync("losetup", ["-d", device]);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Names_may_be_as_long_as_the_file_system_allows_and_a_slash_means_a_folder()
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.Folder("names");
        foreach (var length in (int[])[251, 255])
        {
            var target = Path.Combine(folder, new string('n', length));
            (await RestoreAsync(lab, "--disk", "a", "--to", target, "--format", "raw")).EnsureSuccess();
            await ShouldBeTheDiskAsync(lab, target, "raw");
        }

        await ShouldRefuseAsync(lab, 8, "File name too long", "--disk", "a", "--to", Path.Combine(folder, new string('n', 256)));
        (await RestoreAsync(lab, "--disk", "a", "--to", folder + "/new/", "--format", "raw")).EnsureSuccess();
        await ShouldBeTheDiskAsync(lab, folder + "/new/a.raw", "raw");
        (await RestoreAsync(lab, "--to", folder + "/new/")).EnsureSuccess();
        ShouldHoldNothingElse(folder + "/new", "a.raw", "a.qcow2");

        await ShouldRefuseAsync(lab, 8, $"There is no folder {folder}/no.", "--disk", "a", "--to", folder + "/no/out");
        await ShouldRefuseAsync(lab, 8, $"There is no folder {folder}/no.", "--to", folder + "/no/folder/");
        await ShouldRefuseAsync(lab, 8, $"{folder}/new is a folder", "--disk", "a", "--to", folder + "/new");
        await ShouldRefuseAsync(lab, 8, $"{folder}/new/a.raw is not a folder", "--to", folder + "/new/a.raw");
    }
}

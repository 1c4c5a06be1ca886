namespace QmpBackup.Testing;

/// <summary>A fresh folder with a short path (unix sockets allow 107 bytes), gone after the test.</summary>
public sealed class TestDirectory : IAsyncDisposable
{
    private readonly List<string> _mounts = [];

    private TestDirectory(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Whether small file systems can be mounted here (root with the right to mount).</summary>
    public static bool CanMount => Environment.IsPrivilegedProcess;

    /// <summary>Makes a folder that only this user can enter.</summary>
    public static TestDirectory Create()
    {
        var root = Environment.GetEnvironmentVariable("QBACKUP_TEST_DIR") ?? "/tmp";
        while (true)
        {
            var path = System.IO.Path.Combine(root, "qb-" + System.IO.Path.GetRandomFileName()[..7]);
            if (Directory.Exists(path))
                continue;
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            Reaper.AddFolder(path);
            return new TestDirectory(path);
        }
    }

    /// <summary>A path inside the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder inside.</summary>
    public string Folder(string name) => Directory.CreateDirectory(File(name)).FullName;

    /// <summary>Mounts a tmpfs of at most <paramref name="bytes"/> (whole pages) as a folder inside; needs root.</summary>
    public async Task<string> MountTmpfsAsync(string name, long bytes)
    {
        var path = Folder(name);
        await CommandRunner.RunCheckedAsync("mount", "-t", "tmpfs", "-o", $"size={bytes},mode=0777", "none", path);
        _mounts.Add(path);
        return path;
    }

    /// <summary>Mounts an ext4 that can be frozen; needs root.</summary>
    public async Task<string> MountExt4Async(string name)
    {
        var path = Folder(name);
        var image = File(name + ".ext4");
        await CommandRunner.RunCheckedAsync("truncate", "-s", "1G", image);
        await CommandRunner.RunCheckedAsync("mkfs.ext4", "-q", image);
        await CommandRunner.RunCheckedAsync("mount", "-o", "loop", image, path);
        _mounts.Add(path);
        return path;
    }

    /// <summary>Mounts a FUSE file system whose server never answers, until the command is disposed of; needs root.</summary>
    public async Task<RunningCommand> MountHangingAsync(string name)
    {
        var path = Folder(name);
        var server = RunningCommand.Start("sh",
            ["-c", "exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hangs \"$0\" && echo mounted && exec sleep 600", path]);
        await server.Stdout.WaitForAsync(line => line == "mounted", 0, CancellationToken.None);
        _mounts.Add(path);
        return server;
    }

    /// <summary>
    /// Mounts a btrfs with a subvolume of limited size, while df shows much more; needs root and mkfs.btrfs. It is in memory: at its
    /// limit btrfs writes out all that is dirty before it refuses a write, and QEMU's main loop waits for that where it looks for holes
    /// in the same file. On a busy disk that takes minutes.
    /// </summary>
    /// <returns>The subvolume.</returns>
    public async Task<string> MountBtrfsQuotaAsync(string name, long bytes)
    {
        var path = Folder(name);
        var image = System.IO.Path.Combine(await MountTmpfsAsync(name + ".memory", 512 << 20), "btrfs");
        await CommandRunner.RunCheckedAsync("truncate", "-s", "512M", image);
        await CommandRunner.RunCheckedAsync("mkfs.btrfs", "-q", image);
        await CommandRunner.RunCheckedAsync("mount", "-o", "loop", image, path);
        _mounts.Add(path);
        await CommandRunner.RunCheckedAsync("btrfs", "quota", "enable", path);
        await CommandRunner.RunCheckedAsync("btrfs", "subvolume", "create", System.IO.Path.Combine(path, "sub"));
        await CommandRunner.RunCheckedAsync("btrfs", "qgroup", "limit", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture), System.IO.Path.Combine(path, "sub"));
        return System.IO.Path.Combine(path, "sub");
    }

    /// <summary>Unmounts and deletes.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var mount in Enumerable.Reverse(_mounts))
            await CommandRunner.RunAsync("umount", ["-l", mount], null);
        try
        {
            Directory.Delete(Path, true);
        }
        catch (DirectoryNotFoundException)
        {
            // The test removed it.
        }

        Reaper.RemoveFolder(Path);
    }
}

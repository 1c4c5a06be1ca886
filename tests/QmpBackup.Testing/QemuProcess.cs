using System.Net.Sockets;

namespace QmpBackup.Testing;

/// <summary>
/// A QEMU process with two server monitors for clients under test and one that the test owns; restartable on the same disks.
/// </summary>
public abstract class QemuProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private RunningCommand? _process;
    private QmpMonitor? _monitor;
    private int _starts;

    private protected QemuProcess(TestDirectory directory, QemuBinaries binaries, IReadOnlyList<TestDisk> disks)
    {
        Directory = directory;
        Binaries = binaries;
        Disks = disks;
        Oracles = disks.Where(disk => disk.Template is null).ToDictionary(disk => disk.Name, disk => new DiskOracle(disk.Size, disk.InitialContent));
    }

    /// <summary>The folder of images and sockets. It is deleted with the VM.</summary>
    public TestDirectory Directory { get; }

    /// <summary>Which QEMU it is.</summary>
    public QemuBinaries Binaries { get; }

    /// <summary>The disks.</summary>
    public IReadOnlyList<TestDisk> Disks { get; }

    /// <summary>The expected content of each disk, by the disk's name; not for disks made from a template.</summary>
    public IReadOnlyDictionary<string, DiskOracle> Oracles { get; }

    /// <summary>Monitor for the client under test.</summary>
    public string QmpPath => Directory.File("qmp");

    /// <summary>Another monitor for a client under test.</summary>
    public string SecondQmpPath => Directory.File("qmp2");

    /// <summary>The endpoint for --qmp.</summary>
    public string QmpEndpoint => "unix:" + QmpPath;

    /// <summary>The test's own monitor.</summary>
    public QmpMonitor Monitor => _monitor ?? throw new InvalidOperationException("Not started.");

    /// <summary>The process.</summary>
    public RunningCommand Process => _process ?? throw new InvalidOperationException("Not started.");

    /// <summary>Whether QEMU is alive.</summary>
    public bool IsRunning => _process is { HasExited: false };

    private protected abstract string Program { get; }

    /// <summary>The image file of a disk.</summary>
    public string ImagePath(string disk) => QemuCommandLine.ImagePath(Disk(disk), Directory);

    /// <summary>A disk by name.</summary>
    public TestDisk Disk(string name) => Disks.First(disk => disk.Name == name);

    /// <summary>The expected content of the disk now.</summary>
    public byte[] Snapshot(string disk) => Oracles[disk].Snapshot();

    /// <summary>Writes one byte value.</summary>
    public Task WriteAsync(string disk, long offset, byte pattern, long length, CancellationToken cancellationToken = default) =>
        WriteAllAsync(disk, [GuestWrite.Data(offset, length, pattern)], cancellationToken);

    /// <summary>Write-zeroes.</summary>
    public Task WriteZeroesAsync(string disk, long offset, long length, bool unmap = false, CancellationToken cancellationToken = default) =>
        WriteAllAsync(disk, [GuestWrite.Zeroes(offset, length, unmap)], cancellationToken);

    /// <summary>Discards whole 64 KiB clusters.</summary>
    public Task DiscardAsync(string disk, long offset, long length, CancellationToken cancellationToken = default) =>
        WriteAllAsync(disk, [GuestWrite.Discard(offset, length)], cancellationToken);

    /// <summary>Several writes in order, faster than one by one; the oracle follows each that succeeded.</summary>
    /// <exception cref="GuestIoException">A write failed.</exception>
    public abstract Task WriteAllAsync(string disk, IReadOnlyList<GuestWrite> writes, CancellationToken cancellationToken = default);

    /// <summary>Tells the oracle that a disk reads as zeroes from here to its end, without a write.</summary>
    public void Forget(string disk, long offset) => Oracles[disk].Fill(offset, Math.Max(0, Oracles[disk].Length - offset), 0);

    /// <summary>The state of QEMU, to compare with later.</summary>
    public Task<QmpState> StateAsync(CancellationToken cancellationToken = default) =>
        QmpState.CaptureAsync(Monitor, Directory.File("probe"), cancellationToken);

    /// <summary>Stops QEMU cleanly, which stores the persistent bitmaps.</summary>
    public async Task QuitAsync()
    {
        try
        {
            await Monitor.ExecuteAsync("quit");
        }
        catch (IOException)
        {
            // It may close before it answers.
        }

        await Process.WaitAsync();
    }

    /// <summary>SIGKILL, and waits for the end.</summary>
    public async Task KillAsync()
    {
        Process.Send(Signal.Kill);
        await Process.WaitAsync();
    }

    /// <summary>SIGSTOP: QEMU answers nothing until <see cref="SigCont"/>.</summary>
    public void SigStop() => Process.Send(Signal.Stop);

    /// <summary>SIGCONT.</summary>
    public void SigCont() => Process.Send(Signal.Continue);

    /// <summary>Quits if it still runs, and starts again on the same disks.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        if (IsRunning)
            await QuitAsync();
        await StartProcessAsync(cancellationToken);
    }

    /// <summary>Compares an image, read by qemu-img alone, with what it has to be; null when equal.</summary>
    public static Task<string?> CompareAsync(byte[] expected, string path, string? format = null) =>
        DiskOracle.CompareImageAsync(expected, path, format);

    /// <summary>Kills QEMU and deletes its folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await DisposeCoreAsync();
        await StopAsync();
        await Directory.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected void Remember(string disk, GuestWrite write)
    {
        if (Oracles.TryGetValue(disk, out var oracle))
            oracle.Fill(write.Offset, write.Length, write.Pattern);
    }

    private protected abstract List<string> Arguments(string testMonitor);

    private protected virtual Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private protected virtual ValueTask DisposeCoreAsync() => ValueTask.CompletedTask;

    private protected async Task CreateDisksAsync()
    {
        foreach (var disk in Disks)
        {
            if (disk.Template is { } template)
                await CommandRunner.RunCheckedAsync("cp", "--sparse=always", template, ImagePath(disk.Name));
            else if (disk.OnBacking)
                await DiskImages.CreateOverlayAsync(ImagePath(disk.Name), disk.Size, disk.InitialContent);
            else
                await DiskImages.CreateAsync(ImagePath(disk.Name), disk.Format, disk.Size, disk.InitialContent);
        }
    }

    private protected async Task StartProcessAsync(CancellationToken cancellationToken)
    {
        await StopAsync();

        // QEMU connects to the test: no polling for its socket, and no race with a monitor that is being set up.
        var path = Directory.File($"t{_starts++}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        var process = RunningCommand.Start(Program, Arguments(path), new CommandOptions { Timeout = Limit });
        _process = process;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        var ended = process.Stderr.WaitForAsync(_ => false, 0, limit.Token);
        var accepting = listener.AcceptAsync(limit.Token).AsTask();
        if (await Task.WhenAny(accepting, ended) != accepting)
        {
            await limit.CancelAsync();
            throw new InvalidOperationException("QEMU did not start: " + process.Describe());
        }

        Socket socket;
        try
        {
            socket = await accepting;
        }
        finally
        {
            await limit.CancelAsync();
        }

        try
        {
            _monitor = await QmpMonitor.OpenAsync(new NetworkStream(socket, true), process.Describe, cancellationToken);
        }
        catch (IOException error)
        {
            // Monitors are connected before QEMU looks at devices.
            await process.WaitAsync(cancellationToken);
            throw new InvalidOperationException("QEMU did not start: " + process.Describe(), error);
        }

        await StartedAsync(cancellationToken);
    }

    private async Task StopAsync()
    {
        if (_process is { } process)
            await process.DisposeAsync();
        if (_monitor is { } monitor)
            await monitor.DisposeAsync();
        _process = null;
        _monitor = null;
    }
}

using System.Globalization;

namespace QmpBackup.Testing;

/// <summary>
/// A guest of 68 bytes that overwrites its disk through its BIOS: real requests of a real device, with the events, counters and stops
/// that follow a failure. It begins when the VM goes on ("cont"), and reports each write.
/// </summary>
public sealed class WritingGuest : IAsyncDisposable
{
    /// <summary>The number of writes, each of 4 KiB in its own 64 KiB.</summary>
    public const int Writes = 400;

    /// <summary>The size of the disk.</summary>
    public const int Size = 32 << 20;

    // xor ax,ax … next: int 13h, ah=43h (write); out 0e9h,'.' or 'E'; LBA += 128; loop next; out 0e9h,'D'; hlt. Then the count of writes
    // and the packet: 8 sectors from 7c00h to LBA 0.
    private static readonly byte[] Code =
    [
        0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, 0x8b, 0x0e, 0x32, 0x7c, 0x51, 0xbe, 0x34, 0x7c, 0xb4, 0x43, 0x30, 0xc0, 0xcd, 0x13, 0xb0,
        0x2e, 0x73, 0x02, 0xb0, 0x45, 0xe6, 0xe9, 0x66, 0x81, 0x06, 0x3c, 0x7c, 0x80, 0x00, 0x00, 0x00, 0x59, 0xe2, 0xe2, 0xb0, 0x44, 0xe6, 0xe9, 0xf4,
        0xeb, 0xfd, Writes & 0xff, Writes >> 8, 0x10, 0x00, 0x08, 0x00, 0x00, 0x7c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ];

    private readonly TestDirectory _directory;

    private WritingGuest(QemuVm vm, TestDirectory directory) => (Vm, _directory) = (vm, directory);

    /// <summary>The VM. It waits to begin.</summary>
    public QemuVm Vm { get; }

    /// <summary>How many of its writes have succeeded so far.</summary>
    public int Done => Report.Count(one => one == '.');

    /// <summary>How many of its writes have failed so far.</summary>
    public int Failed => Report.Count(one => one == 'E');

    /// <summary>Whether it has made all of them.</summary>
    public bool IsAtEnd => Report.EndsWith('D');

    private string Report => File.Exists(_directory.File("report")) ? File.ReadAllText(_directory.File("report")) : "";

    /// <summary>Starts QEMU.</summary>
    /// <param name="binaries">The QEMU to start; null for that of the host.</param>
    /// <param name="errorPolicy">What happens to a write that fails: "report", "stop", or null for QEMU's default.</param>
    /// <param name="throttleFilter">Whether there is a throttle filter above the disk.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<WritingGuest> StartAsync(QemuBinaries? binaries, string? errorPolicy, bool throttleFilter = false, CancellationToken cancellationToken = default)
    {
        var directory = TestDirectory.Create();
        var content = new byte[Size];
        content.AsSpan().Fill(0x11);
        Code.CopyTo(content, 0);
        (content[510], content[511]) = (0x55, 0xaa);
        await File.WriteAllBytesAsync(directory.File("base.img"), content, cancellationToken);
        // What the guest writes takes little room in its own image, and much in a scratch image.
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, "create", "-q", "-f", "qcow2", "-o", "cluster_size=4096",
            "-b", directory.File("base.img"), "-F", "raw", directory.File("a.qcow2"));
        var vm = await QemuVm.StartAsync(new QemuVmOptions
        {
            Binaries = binaries,
            Disks = [new TestDisk("a") { Size = Size, Template = directory.File("a.qcow2"), ErrorPolicy = errorPolicy, ThrottleFilter = throttleFilter }],
            Boots = true,
            Paused = true,
            ExtraArguments = ["-chardev", "file,id=report,path=" + directory.File("report"), "-device", "isa-debugcon,iobase=0xe9,chardev=report"],
        }, cancellationToken);
        return new WritingGuest(vm, directory);
    }

    /// <summary>Lets the guest write.</summary>
    public Task BeginAsync() => Vm.Monitor.ExecuteAsync("cont");

    /// <summary>Waits until it has made all its writes.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        while (!IsAtEnd)
            await Task.Delay(20, cancellationToken);
    }

    /// <summary>Limits the size of QEMU's files; null removes the limit.</summary>
    public Task LimitFilesAsync(long? bytes) => CommandRunner.RunCheckedAsync("prlimit", "--pid", Vm.Process.Id.ToString(CultureInfo.InvariantCulture),
        $"--fsize={(bytes is { } limit ? limit.ToString(CultureInfo.InvariantCulture) : "unlimited")}:unlimited");

    /// <summary>Ends QEMU.</summary>
    public async ValueTask DisposeAsync()
    {
        await Vm.DisposeAsync();
        await _directory.DisposeAsync();
    }
}

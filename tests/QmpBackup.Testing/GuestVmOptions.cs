namespace QmpBackup.Testing;

/// <summary>How to start a VM with a real Linux guest (tests/lab/build-guest.sh).</summary>
public sealed record GuestVmOptions
{
    /// <summary>Which QEMU.</summary>
    public QemuBinaries? Binaries { get; init; }

    /// <summary>One to four ext4 disks of 256 MiB, mounted at /mnt/a …; the writer uses them all, in order.</summary>
    public int DiskCount { get; init; } = 2;

    /// <summary>Images to start from instead of fresh file systems (copied), in the order of the disks; raw or qcow2 without backing.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Format of <see cref="Images"/>.</summary>
    public DiskFormat ImageFormat { get; init; } = DiskFormat.Raw;

    /// <summary>Each disk in an iothread of its own.</summary>
    public bool IoThreads { get; init; }

    /// <summary>Whether the writer runs from the beginning.</summary>
    public bool Writer { get; init; } = true;

    /// <summary>Whether the agent runs from the beginning.</summary>
    public bool Agent { get; init; } = true;

    /// <summary>Whole seconds that the freeze hook takes.</summary>
    public int HookSeconds { get; init; }

    /// <summary>Further arguments of QEMU.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Return only when the agent has answered.</summary>
    public bool WaitForAgent { get; init; } = true;
}

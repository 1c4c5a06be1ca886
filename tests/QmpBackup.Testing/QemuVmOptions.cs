namespace QmpBackup.Testing;

/// <summary>How to start a test VM.</summary>
public sealed record QemuVmOptions
{
    /// <summary>The disks, in the order of the guest's devices.</summary>
    public IReadOnlyList<TestDisk> Disks { get; init; } = [];

    /// <summary>Which QEMU.</summary>
    public QemuBinaries? Binaries { get; init; }

    /// <summary>-name, or null for none.</summary>
    public string? Name { get; init; } = "testvm";

    /// <summary>-uuid, or null for none.</summary>
    public string? Uuid { get; init; }

    /// <summary>-S: query-status says prelaunch. Otherwise the VM runs, with firmware that only halts the CPU.</summary>
    public bool Paused { get; init; }

    /// <summary>A second server monitor on a TCP port of 127.0.0.1 (<see cref="QemuVm.TcpPort"/>).</summary>
    public bool TcpMonitor { get; init; }

    /// <summary>The monitor for the client under test prints indented JSON.</summary>
    public bool PrettyMonitor { get; init; }

    /// <summary>Further arguments.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>Boots something by <see cref="ExtraArguments"/>: the firmware that halts is left out.</summary>
    public bool Boots { get; init; }

    /// <summary>Memory in MiB.</summary>
    public int Memory { get; init; } = 32;
}

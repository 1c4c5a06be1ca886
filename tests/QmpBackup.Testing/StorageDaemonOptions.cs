namespace QmpBackup.Testing;

/// <summary>How to start a qemu-storage-daemon.</summary>
public sealed record StorageDaemonOptions
{
    /// <summary>The disks; only format, size, node name, read-only and content matter.</summary>
    public IReadOnlyList<TestDisk> Disks { get; init; } = [];

    /// <summary>Which QEMU.</summary>
    public QemuBinaries? Binaries { get; init; }

    /// <summary>
    /// Writable exports guest-NAME for the "guest", which need the one NBD server that a process can have. Without them nothing can
    /// be written, and the server is free for the code under test.
    /// </summary>
    public bool GuestExports { get; init; } = true;

    /// <summary>The monitor for the client under test prints indented JSON.</summary>
    public bool PrettyMonitor { get; init; }

    /// <summary>Further arguments.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];
}

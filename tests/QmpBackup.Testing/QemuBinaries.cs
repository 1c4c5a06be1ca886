using System.Diagnostics;
using System.Text.RegularExpressions;

namespace QmpBackup.Testing;

/// <summary>The programs of one QEMU: the host's, or one unpacked beside it by tests/lab/fetch-qemu.sh.</summary>
public sealed partial record QemuBinaries
{
    private static readonly Lazy<QemuBinaries?> FoundHost = new(FindHost);
    private static readonly Lazy<IReadOnlyList<QemuBinaries>> Found = new(FindAll);

    private readonly string _folder;

    private QemuBinaries(string name, string folder, Version version)
    {
        Name = name;
        _folder = folder;
        Version = version;
    }

    /// <summary>"host" or the suite it came from.</summary>
    public string Name { get; }

    /// <summary>For example 7.2.22.</summary>
    public Version Version { get; }

    /// <summary>qemu-system-x86_64.</summary>
    public string System => Program("qemu-system-x86_64");

    /// <summary>qemu-storage-daemon.</summary>
    public string StorageDaemon => Program("qemu-storage-daemon");

    /// <summary>qemu-img.</summary>
    public string Img => Program("qemu-img");

    /// <summary>qemu-nbd.</summary>
    public string Nbd => Program("qemu-nbd");

    /// <summary>qemu-io.</summary>
    public string Io => Program("qemu-io");

    /// <summary>The host's QEMU.</summary>
    /// <exception cref="FileNotFoundException">It does not exist: the test has to fail.</exception>
    public static QemuBinaries Host => FoundHost.Value
        ?? throw new FileNotFoundException("qemu-system-x86_64 and qemu-utils are not installed; tests/run.sh installs them.");

    /// <summary>Every QEMU on this machine, the host's first, then by version.</summary>
    public static IReadOnlyList<QemuBinaries> Available => Found.Value;

    /// <summary>Where tests/lab scripts put what they fetch and build.</summary>
    public static string LabCache => Environment.GetEnvironmentVariable("QBACKUP_LAB") is { Length: > 0 } lab
        ? lab
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "qbackup-lab");

    /// <summary>A QEMU by name ("host", "trixie") or by the beginning of its version ("10.0", "11"); null when it is not here.</summary>
    public static QemuBinaries? TryGet(string nameOrVersion) =>
        Available.FirstOrDefault(one => one.Name == nameOrVersion)
        ?? Available.FirstOrDefault(one => (one.Version + ".").StartsWith(nameOrVersion + ".", StringComparison.Ordinal));

    /// <summary>The skip reason when a QEMU is not here; tests/run.sh distinguishes it from other skips.</summary>
    public static string Missing(string nameOrVersion) => $"version-suite: QEMU {nameOrVersion} is not on this machine (tests/lab/fetch-qemu.sh)";

    /// <inheritdoc/>
    public override string ToString() => $"QEMU {Version} ({Name})";

    private string Program(string name) => Path.Combine(_folder, name);

    private static QemuBinaries? FindHost()
    {
        var system = CommandRunner.Find("qemu-system-x86_64");
        var image = CommandRunner.Find("qemu-img");
        return system is null || image is null ? null : Probe("host", Path.GetDirectoryName(system)!);
    }

    private static List<QemuBinaries> FindAll()
    {
        List<QemuBinaries> all = FoundHost.Value is { } host ? [host] : [];
        var folder = Path.Combine(LabCache, "qemu");
        if (!Directory.Exists(folder))
            return all;

        // The marker is the last thing that the script writes.
        var fetched = Directory.GetDirectories(folder)
            .Where(one => File.Exists(Path.Combine(one, "version")))
            .Select(one => Probe(Path.GetFileName(one), Path.Combine(one, "bin")))
            .OrderBy(one => one.Version);
        return [.. all, .. fetched];
    }

    private static QemuBinaries Probe(string name, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, "qemu-img"), "--version") { RedirectStandardOutput = true })!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var match = VersionPattern().Match(text);
        return match.Success
            ? new QemuBinaries(name, folder, Version.Parse(match.Groups[1].Value))
            : throw new InvalidOperationException($"qemu-img of {name} does not tell its version: {text}");
    }

    [GeneratedRegex(@"version (\d+\.\d+\.\d+)")]
    private static partial Regex VersionPattern();
}

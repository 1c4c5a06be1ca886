using System.Text.RegularExpressions;

namespace QmpBackup.Qmp.Tests;

/// <summary>A difference that stays, up to a version of QEMU.</summary>
internal sealed record KnownDifference(string Pattern, string Before, string Reason)
{
    public bool IsMatch(string difference, Version version) => version < Version.Parse(Before) && Regex.IsMatch(difference, Pattern);
}

/// <summary>
/// What the generated types do not have as an old QEMU has it. The types follow the newest schema, and tell what came later where
/// that schema says since when.
/// </summary>
internal static class KnownDifferences
{
    private const string NoSince = "QEMU's schema does not say since when.";

    public static IReadOnlyList<KnownDifference> All { get; } =
    [
        new(@"VmdkExtentInfo: [\w-]+ is lost", "8.0", "It was an ImageInfo; its further members are ignored."),
        new(@"QCryptoCipherAlgo lacks des-rfb", "7.0", "It is gone; an enumeration takes any value."),
        new(@"BlockdevDriver has preallocate,", "6.0", NoSince),
        new(@"BlockdevOptionsCopyOnRead has bottom,", "6.0", NoSince),
        new(@"SshHostKeyCheckHashType has sha256,", "7.0", NoSince),
        new(@"RtcChangeEvent has qom-path,", "7.2", NoSince),
        new(@"InputButton has wheel-(left|right),", "7.2", NoSince),
        new(@"DisplayOptionsCocoa has (full-grab|left-command-key|swap-opt-cmd),", "7.2", NoSince),
        new(@"DisplayOptionsSdl has grab-mod,", "7.2", NoSince),
        new(@"NetdevVhostVdpa has vhostfd,", "7.2", NoSince),
        new(@"InputEventKind has mtt,", "8.1", NoSince),
        new(@"Migrate(Incoming)?Arguments has channels,", "8.2", NoSince),
        new(@"ObjectType has (acpi-generic-initiator|acpi-generic-port|iommufd|sev-snp-guest),", "9.2", NoSince),
        new(@"BlockLatencyHistogramSetArguments has boundaries-zap,", "10.0", NoSince),
        new(@"^(inject-ghes-v2-error|query-accelerators): this QEMU has no such command", "11.1", NoSince),
        new(@"^cxl-inject-[\w-]+\(sub-type: is required here, generated as optional", "12.0", "It is required where it exists, and 10.0 does not take it."),
        new(@"^query-migrationthreads: this QEMU has no such command", "8.0", "The schema says 7.2, and it came with 8.0."),
    ];
}

using System.Runtime.InteropServices;

namespace QmpBackup.Host;

/// <summary>Limits of this process that the programs it starts inherit.</summary>
internal static partial class ProcessLimits
{
    private const int OpenFiles = 7;

    private static readonly Lazy<bool> Raised = new(Raise);

    /// <summary>Allows as many open files as there may be: a chain has two for each point.</summary>
    public static void RaiseOpenFiles() => _ = Raised.Value;

    private static bool Raise() => !OperatingSystem.IsLinux() || (Get(OpenFiles, out var limit) == 0 && (limit.Current >= limit.Most || Set(OpenFiles, limit with { Current = limit.Most }) == 0));

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Get(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int Set(int resource, in Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(nuint Current, nuint Most);
}

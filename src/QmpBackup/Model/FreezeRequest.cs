using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>How to freeze.</summary>
public sealed record FreezeRequest
{
    /// <summary>How long freezing may take unless something else is said: 10 seconds.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Whether a backup is made without.</summary>
    public FreezeMode Mode { get; init; } = FreezeMode.Auto;

    /// <summary>How long the agent may take to freeze.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Freeze these file systems only, by mount point in the guest; empty for all.</summary>
    public ImmutableArray<string> Mountpoints { get; init; } = [];
}

namespace QmpBackup;

/// <summary>How a repository is verified or restored from.</summary>
public sealed record CheckOptions
{
    /// <summary>The programs that read and write images.</summary>
    public QemuTools Tools { get; init; } = new();

    /// <summary>The key that signatures are checked with, private or public; null to check none.</summary>
    public SigningKey? SignKey { get; init; }

    /// <summary>Whether a point that is not signed is not sound.</summary>
    public bool RequireSignature { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Whether a target in folders that users other than this one and root can write is used: they could have something else overwritten.</summary>
    public bool TrustFolders { get; init; }

    /// <summary>Is told how far it is, a few times a second; null if nobody wants to know.</summary>
    public IProgress<PullProgress>? Progress { get; init; }
}

namespace QmpBackup.Testing;

/// <summary>How to run a process.</summary>
public sealed record CommandOptions
{
    /// <summary>Killed (SIGKILL) and reported as a <see cref="TimeoutException"/> after this.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Environment changes; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Folder to run in.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>What to send to stdin, which is closed afterwards.</summary>
    public string Input { get; init; } = "";
}

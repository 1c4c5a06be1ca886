namespace QmpBackup.Cli.Running;

/// <summary>The command was called in a way that makes no sense.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}

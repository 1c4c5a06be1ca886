namespace QmpBackup.Cli.Running;

/// <summary>What was asked for was done, but the result could not be written to standard output.</summary>
internal sealed class OutputException(string message, string? hint, Exception innerException) : Exception(message, innerException)
{
    public string? Hint { get; } = hint;
}

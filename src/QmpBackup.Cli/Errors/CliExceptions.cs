using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Errors;

/// <summary>The command was called in a way that makes no sense.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}

/// <summary>What was asked for was done, but the result could not be written to standard output.</summary>
internal sealed class OutputException(string message, string? hint, Exception innerException) : Exception(message, innerException)
{
    public string? Hint { get; } = hint;

    /// <summary>Whether nothing is lost but text that its reader did not want: 'qbackup plan start | head'.</summary>
    public bool IsOfNoInterest { get; private init; }

    /// <summary>Explains why a result could not be written.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="done">What was done all the same, and what to do; null where nothing was changed.</param>
    public static OutputException Of(Exception failure, (string Message, string Hint)? done) =>
        new($"{done?.Message ?? "The result could not be written"}: {failure.Message.TrimEnd('.')}.", done?.Hint, failure) { IsOfNoInterest = done is null && failure is ReaderGoneException };
}

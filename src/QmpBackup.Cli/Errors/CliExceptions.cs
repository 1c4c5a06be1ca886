using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Errors;

/// <summary>The command line makes no sense.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}

/// <summary>The command did its work, but the result could not be written to standard output.</summary>
internal sealed class OutputException(string message, string? hint, Exception innerException) : Exception(message, innerException)
{
    public string? Hint { get; } = hint;

    /// <summary>Whether only text is lost that its reader did not want, as with 'qbackup plan start | head'.</summary>
    public bool IsOfNoInterest { get; private init; }

    /// <summary>Explains why a result could not be written.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="done">What was done nevertheless, and what to do; null if nothing was changed.</param>
    public static OutputException Of(Exception failure, (string Message, string Hint)? done) =>
        new($"{done?.Message ?? "The result could not be written"}: {failure.Message.TrimEnd('.')}.", done?.Hint, failure)
        {
            IsOfNoInterest = done is null && failure is ReaderGoneException,
        };
}

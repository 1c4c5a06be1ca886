namespace QmpBackup.Cli.Running;

/// <summary>A failure as users and scripts see it.</summary>
/// <param name="Exit">The exit code.</param>
/// <param name="Code">A name that scripts can rely on, in kebab-case.</param>
/// <param name="Message">One sentence for a person.</param>
/// <param name="Hint">What to do about it; null where nothing useful can be said.</param>
internal sealed record ErrorReport(ExitCode Exit, string Code, string Message, string? Hint = null);

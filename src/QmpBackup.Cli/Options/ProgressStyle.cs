namespace QmpBackup.Cli.Options;

/// <summary>How progress is shown.</summary>
internal enum ProgressStyle
{
    /// <summary>One line of a terminal, kept up to date.</summary>
    Auto,

    /// <summary>A line every few seconds.</summary>
    Plain,

    /// <summary>One JSON document a line.</summary>
    Json,

    /// <summary>Not at all.</summary>
    None,
}

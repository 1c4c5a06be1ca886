namespace QmpBackup.Cli.Options;

/// <summary>What a result is written for.</summary>
internal enum OutputFormat
{
    /// <summary>For persons.</summary>
    Text,

    /// <summary>For scripts.</summary>
    Json,
}

namespace QmpBackup.Cli.Terminal;

/// <summary>What a piece of text is, for terminals with colours.</summary>
internal enum Style
{
    None,
    Heading,
    Faint,
    Good,
    Warning,
    Bad,
    Command,
}

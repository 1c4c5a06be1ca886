namespace QmpBackup.Cli.Options;

/// <summary>The words of <c>--fleecing</c>.</summary>
internal enum FleecingChoice
{
    Auto,
    Overlay,
    SnapshotAccess,
}

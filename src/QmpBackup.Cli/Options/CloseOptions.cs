using System.CommandLine;

namespace QmpBackup.Cli.Options;

/// <summary>How a backup is closed, and options of the commands that have a plan.</summary>
internal static class CloseOptions
{
    public static readonly Option<bool> KeepBitmap = new("--keep-bitmap")
    {
        Description = "Keep the old bitmaps, disabled, as part of a sequence: a later start --since can then reach further back.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<bool> DryRun = new("--dry-run", "-n")
    {
        Description = "Show the plan, as 'qbackup plan' does, and change nothing.",
        Arity = ArgumentArity.Zero,
    };
}

using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Options;

/// <summary>Which VM.</summary>
internal static class VmOptions
{
    private const string Variable = "QBACKUP_QMP";

    public static readonly Option<QmpEndpoint?> Qmp = Parsed.Of<QmpEndpoint>("--qmp",
        $"The VM's QMP socket: unix:/path, /path or tcp:host:port (env {Variable}).", "ENDPOINT", Read);

    public static void AddTo(Command command) => command.Options.Add(Qmp);

    /// <exception cref="UsageException">No VM was named, or not in a way that can be understood.</exception>
    public static QmpEndpoint Bind(CommandContext context)
    {
        if (context.Arguments.GetValue(Qmp) is { } given)
            return given;
        if (context.Environment(Variable) is not { } text)
            throw new UsageException("No VM was named.", $"Name its QMP socket with --qmp unix:/path, or in the environment variable {Variable}.");
        return Read(text, out var endpoint) is { } error ? throw new UsageException($"{Variable}: {error}") : endpoint!;
    }

    /// <summary>Connects, with the log set up.</summary>
    public static async Task<BackupWorkflow> ConnectAsync(CommandContext context, CancellationToken cancellationToken, Func<IGuestFreezer>? freezer = null)
    {
        var endpoint = Bind(context);
        return await BackupWorkflow.ConnectAsync(endpoint, new QmpClientOptions { LoggerFactory = context.LoggerFactory },
            new BackupWorkflowOptions { LoggerFactory = context.LoggerFactory, Freezer = freezer }, cancellationToken).ConfigureAwait(false);
    }

    private static string? Read(string text, out QmpEndpoint? endpoint) => QmpEndpoint.TryParse(text, out endpoint, out var error) ? null : error;
}

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

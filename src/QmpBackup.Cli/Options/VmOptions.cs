using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Options;

/// <summary>Which VM, and how its backup is closed.</summary>
internal static class VmOptions
{
    public static readonly EndpointSetting Qmp = new("--qmp", "QBACKUP_QMP", "The VM's QMP socket");

    public static readonly Option<bool> KeepBitmap = TypedOption.Flag("--keep-bitmap",
        "Keep the old bitmaps, disabled, as part of a sequence: a later start --since can then reach further back.");

    public static readonly Option<bool> HoldMonitor = TypedOption.Flag("--hold-monitor",
        "Keep the QMP connection for the whole run. Without it other clients of the socket get their turn meanwhile.");

    public static readonly Option<bool> DryRun = NewDryRun();

    public static void AddTo(Command command) => command.Options.Add(Qmp.Option);

    /// <exception cref="UsageException">No VM is named, or its endpoint is invalid.</exception>
    public static QmpEndpoint Bind(CommandContext context) => Qmp.Find(context)
        ?? throw new UsageException("No VM is named.",
        $"Name its QMP socket with --qmp unix:/path, or in the environment variable {Qmp.Variable}.");

    /// <summary>Connects to the VM, runs a body, and closes the connection.</summary>
    public static async Task ConnectedAsync(
        CommandContext context, Func<BackupWorkflow, Task> body, CancellationToken cancellationToken, Func<IGuestFreezer>? freezer = null)
    {
        var workflow = await BackupWorkflow.ConnectAsync(Bind(context), new QmpClientOptions { LoggerFactory = context.LoggerFactory },
            new BackupWorkflowOptions
            {
                LoggerFactory = context.LoggerFactory,
                Freezer = freezer,
                HoldsMonitor = context.Arguments.GetValue(HoldMonitor),
                CacheFolder = CacheFolder(),
                ScratchDirectories = StartOptions.ScratchDirectories(context),
            },
            cancellationToken).ConfigureAwait(false);
        await using (workflow.ConfigureAwait(false))
        {
            await body(workflow).ConfigureAwait(false);
        }
    }

    // Null where no user has a home: then nothing is kept.
    private static string? CacheFolder() => (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is ['/', ..] and var cache ? cache
        : Environment.GetEnvironmentVariable("HOME") is ['/', ..] and var home ? home + "/.cache" : null) is { } folder
            ? folder + "/qbackup" : null;

    private static Option<bool> NewDryRun()
    {
        var option = TypedOption.Flag("--dry-run", "Show the plan, as 'qbackup plan' does, and change nothing.");
        option.Aliases.Add("-n");
        return option;
    }
}

/// <summary>An option that names a QMP or guest agent socket, with the environment variable that takes its place.</summary>
internal sealed class EndpointSetting(string name, string variable, string what)
{
    /// <summary>The environment variable.</summary>
    public string Variable => variable;

    public Option<QmpEndpoint?> Option { get; } = new(name)
    {
        Description = $"{what}: unix:/path, /path or tcp:host:port (env {variable}).",
        HelpName = "ENDPOINT",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (!QmpEndpoint.TryParse(result.Tokens[^1].Value, out var endpoint, out var error))
                result.AddError($"{name}: {error}");
            return endpoint;
        },
    };

    /// <summary>The endpoint; null if neither the option nor the variable is given.</summary>
    /// <exception cref="UsageException">The variable's value is invalid.</exception>
    public QmpEndpoint? Find(CommandContext context)
    {
        if (context.Arguments.GetValue(Option) is { } given)
            return given;
        if (context.Environment(variable) is not { } text)
            return null;
        return QmpEndpoint.TryParse(text, out var endpoint, out var error) ? endpoint : throw new UsageException($"{variable}: {error}");
    }
}

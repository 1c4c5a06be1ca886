using System.CommandLine;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Options;

/// <summary>How a command connects to an NBD server that qbackup has not started itself.</summary>
internal static class NbdOptions
{
    private static readonly NbdClientOptions Defaults = new();

    public static readonly Option<TimeSpan?> Timeout = TypedOption.Seconds("--nbd-timeout",
        "How long the NBD server may take to accept a connection, and then to negotiate; "
            + $"default {Defaults.ConnectTimeout.TotalSeconds:0} and {Defaults.HandshakeTimeout.TotalSeconds:0}.");

    public static NbdClientOptions Bind(CommandContext context)
    {
        var options = Defaults with { LoggerFactory = context.LoggerFactory };
        return context.Arguments.GetValue(Timeout) is { } limit
            ? options with { ConnectTimeout = limit, HandshakeTimeout = limit }
            : options;
    }
}

using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Nbd;

namespace QmpBackup.Cli.Options;

/// <summary>How a backup is pulled.</summary>
internal static class PullSettings
{
    public static readonly Option<int?> Connections = TypedOption.Of<int?>("--connections",
        "NBD connections for each disk, 1 to 16; default 4.", "N", "a number from 1 to 16", TryReadConnections);

    public static readonly Option<bool> Compress = TypedOption.Flag("--compress", "Compress the images with zstd.");

    public static readonly Option<long?> Throttle = TypedOption.Of<long?>("--throttle",
        "Read at most this many bytes per second from the VM, all disks together: 50M, 1G.", "RATE", "bytes per second, such as 50M or 1G",
        TryReadRate);

    public static readonly Option<GuestImpact?> Impact = TypedOption.Choice("--impact",
        "How much the guest's own I/O may suffer. normal: a busy guest keeps most of its speed (default). low: nearly all of it. none: "
            + "as fast as it goes.",
        ("low", GuestImpact.Low), ("normal", GuestImpact.Normal), ("none", GuestImpact.None));

    public static readonly Option<bool> NewRepository = TypedOption.Flag("--new-repo",
        "Begin a repository although the VM has a checkpoint of this chain.");

    public static readonly Option<bool> Adopt = TypedOption.Flag("--adopt", "Continue the chain of a VM with another UUID.");

    public static readonly Option<string?> TlsCertificates = new("--tls-certificates")
    {
        Description = "With --tls-creds: a folder with ca-cert.pem, and with client-cert.pem and client-key.pem if QEMU asks for them.",
        HelpName = "DIR",
    };

    public static void AddTo(Command command)
    {
        Option[] all = [NewRepository, Adopt, Connections, Compress, Throttle, Impact, TlsCertificates, NbdOptions.Timeout,
            SigningOptions.Sign, ProgressOptions.Progress];
        foreach (var option in all)
            command.Options.Add(option);
    }

    public static PullOptions Bind(CommandContext context, SigningKey? key, IProgress<PullProgress>? progress) => new()
    {
        Connections = context.Arguments.GetValue(Connections) ?? new PullOptions().Connections,
        SignKey = key,
        NewRepository = context.Arguments.GetValue(NewRepository),
        Adopt = context.Arguments.GetValue(Adopt),
        Compress = context.Arguments.GetValue(Compress),
        BytesPerSecond = context.Arguments.GetValue(Throttle),
        Impact = context.Arguments.GetValue(Impact) ?? GuestImpact.Normal,
        Nbd = NbdOptions.Bind(context) with { Tls = Tls(context.Arguments.GetValue(TlsCertificates)) },
        Progress = progress,
    };

    internal static bool TryReadRate(string text, out long? rate)
    {
        rate = null;
        var unit = "KMGT".IndexOf(char.ToUpperInvariant(text.Length > 0 ? text[^1] : ' '), StringComparison.Ordinal);
        var number = unit < 0 ? text : text[..^1];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;
        value *= 1L << (10 * (unit + 1));
        if (value < 1 || value > long.MaxValue / 2)
            return false;
        rate = (long)value;
        return true;
    }

    private static bool TryReadConnections(string text, out int? connections)
    {
        connections = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 16
            ? number : null;
        return connections is not null;
    }

    private static NbdTlsOptions? Tls(string? folder)
    {
        try
        {
            return folder is null ? null : NbdTlsOptions.FromDirectory(folder);
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            throw new UsageException(
                $"The certificates of --tls-certificates cannot be used: {e.Message}",
                    "The folder has the layout of QEMU's tls-creds-x509.");
        }
    }
}

/// <summary>How progress is shown.</summary>
internal static class ProgressOptions
{
    public static readonly Option<ProgressStyle?> Progress = TypedOption.Choice("--progress",
        "How progress is shown on standard error. auto: one updated line on a terminal, else nothing. plain: a line every few seconds. "
            + "json: one document per line.",
        ("auto", ProgressStyle.Auto), ("plain", ProgressStyle.Plain), ("json", ProgressStyle.Json), ("none", ProgressStyle.None));

    public static ProgressLine Bind(CommandContext context)
    {
        var style = context.Arguments.GetValue(Progress) ?? ProgressStyle.Auto;
        if (style == ProgressStyle.Auto && (context.Settings.Quiet || !context.Console.IsErrorTerminal))
            style = ProgressStyle.None;
        return new ProgressLine(context.Console, style, TimeProvider.System);
    }
}

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

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
    public static readonly Option<int?> Connections = NewConnections();

    public static readonly Option<bool> Compress = new("--compress")
    {
        Description = "Compress the images, by zstd.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<long?> Throttle = NewThrottle();

    public static readonly Option<bool> NewRepository = new("--new-repo")
    {
        Description = "Begin a repository although the VM has a checkpoint of this chain.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<bool> Adopt = new("--adopt")
    {
        Description = "Continue the chain of a VM with another UUID.",
        Arity = ArgumentArity.Zero,
    };

    public static readonly Option<string?> TlsCertificates = new("--tls-certificates")
    {
        Description = "With --tls-creds: a folder with ca-cert.pem, and client-cert.pem and client-key.pem if QEMU wants them.",
        HelpName = "DIR",
    };

    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[NewRepository, Adopt, Connections, Compress, Throttle, TlsCertificates, SigningOptions.Sign, ProgressOptions.Progress])
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
        Nbd = new NbdClientOptions { LoggerFactory = context.LoggerFactory, Tls = Tls(context.Arguments.GetValue(TlsCertificates)) },
        Progress = progress,
    };

    internal static bool TryReadRate(string text, out long rate)
    {
        rate = 0;
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

    private static NbdTlsOptions? Tls(string? folder)
    {
        try
        {
            return folder is null ? null : NbdTlsOptions.FromDirectory(folder);
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            throw new UsageException($"The certificates of --tls-certificates cannot be used: {e.Message}", "The folder is laid out as for QEMU's tls-creds-x509.");
        }
    }

    private static Option<int?> NewConnections() => new("--connections")
    {
        Description = "NBD connections for each disk, 1 to 16; default 4.",
        HelpName = "N",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[^1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 16)
                return number;
            result.AddError($"--connections: '{result.Tokens[^1].Value}' is no number from 1 to 16.");
            return null;
        },
    };

    private static Option<long?> NewThrottle() => new("--throttle")
    {
        Description = "Read no more than this many bytes a second from the VM, all disks together: 50M, 1G.",
        HelpName = "RATE",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (TryReadRate(result.Tokens[^1].Value, out var rate))
                return rate;
            result.AddError($"--throttle: '{result.Tokens[^1].Value}' is no rate: write bytes a second, as 50M or 1G.");
            return null;
        },
    };
}

/// <summary>How progress is shown.</summary>
internal static class ProgressOptions
{
    public static readonly Option<ProgressStyle?> Progress = Choice.Of("--progress",
        "How progress is shown on standard error. auto: a line that is kept up to date where that is a terminal, else nothing. json: one document a line.",
        ("auto", ProgressStyle.Auto), ("plain", ProgressStyle.Plain), ("json", ProgressStyle.Json), ("none", ProgressStyle.None));

    public static ProgressLine Bind(CommandContext context)
    {
        var style = context.Arguments.GetValue(Progress) ?? ProgressStyle.Auto;
        if (style == ProgressStyle.Auto && (context.Settings.Quiet || !context.Console.IsErrorTerminal))
            style = ProgressStyle.None;
        return new ProgressLine(context.Console, style, TimeProvider.System);
    }
}

using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Options;

/// <summary>Which repository, and what in it.</summary>
internal static class RepositoryOptions
{
    private const string Variable = "QBACKUP_REPO";

    public static readonly Option<string?> Repo = new("--repo")
    {
        Description = $"The repository's folder (env {Variable}).",
        HelpName = "DIR"
    };

    public static readonly Option<string?> Vm = new("--vm")
    {
        Description = "The VM's name in the repository; default its name in QEMU, else its UUID.",
        HelpName = "NAME",
    };

    public static readonly Option<string?> HeldVm = new("--vm")
    {
        Description = "Only this VM of the repository. A command for one point needs it if there are several.",
        HelpName = "NAME",
    };

    public static readonly Option<ChainName?> HeldChain = StartOptions.NewChain(
        "Only this chain of a VM. A command for one point needs it if there are several and none is \"default\".");

    public static readonly Option<string?> Point = new("--point") { Description = "A point's id, or latest.", HelpName = "ID|latest" };

    public static readonly Option<string?> Disk = new("--disk") { Description = "One disk; default all.", HelpName = "NAME" };

    public static readonly Option<bool> Trust = TypedOption.Flag("--trust-repository",
        "Use a repository or target in folders that other users can write.");

    /// <summary>For commands that read a repository: which, and which of its chains.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in (Option[])[Repo, HeldVm, HeldChain])
            command.Options.Add(option);
    }

    /// <exception cref="UsageException">No repository is named.</exception>
    public static BackupRepository Open(CommandContext context, bool create = false)
    {
        if ((context.Arguments.GetValue(Repo) ?? context.Environment(Variable)) is { Length: > 0 } path)
            return BackupRepository.Open(path, create, context.Arguments.GetValue(Trust));
        throw new UsageException("No repository is named.", $"Name its folder with --repo, or in the environment variable {Variable}.");
    }

    /// <summary>The VM in the repository, and its chain, where they are named.</summary>
    public static (string? Vm, ChainName? Chain) Names(CommandContext context) =>
        (context.Arguments.GetValue(HeldVm), context.Arguments.GetValue(HeldChain));
}

/// <summary>Signatures of points.</summary>
internal static class SigningOptions
{
    public static readonly Option<string?> Sign = new("--sign-key")
    {
        Description = "Sign the point with this private key (ECDSA P-256, PEM). Increments are built only on points that this key signed.",
        HelpName = "FILE",
    };

    public static readonly Option<string?> Check = new("--sign-key")
    {
        Description = "Check the signatures of points with this key, public or private. A wrong signature is an error.",
        HelpName = "FILE",
    };

    public static readonly Option<bool> Require = TypedOption.Flag("--require-signature",
        "With --sign-key: a point that is not signed is an error too.");

    /// <summary>For commands that check signatures.</summary>
    public static void AddTo(Command command)
    {
        command.Options.Add(Check);
        command.Options.Add(Require);
    }

    /// <summary>The key that signs; null if no key is given.</summary>
    /// <exception cref="UsageException">The key is a public key.</exception>
    /// <exception cref="BackupException">The key cannot be used.</exception>
    public static SigningKey? Signer(CommandContext context) => Signer(context, Sign);

    /// <inheritdoc cref="Signer(CommandContext)"/>
    public static SigningKey? Signer(CommandContext context, Option<string?> option)
    {
        if (context.Arguments.GetValue(option) is not { } path)
            return null;
        var key = SigningKey.Load(path);
        if (key.CanSign)
            return key;
        key.Dispose();
        throw new UsageException($"--sign-key {path} is a public key, and cannot sign.",
            "Name the private key. The public key is for 'qbackup verify' and 'restore'.");
    }

    /// <summary>The key that checks signatures, and whether every point must have a signature.</summary>
    /// <exception cref="UsageException">Signatures are required, and no key is given to check them with.</exception>
    /// <exception cref="BackupException">The key cannot be used.</exception>
    public static (SigningKey? Key, bool Require) Checker(CommandContext context)
    {
        var (path, require) = (context.Arguments.GetValue(Check), context.Arguments.GetValue(Require));
        if (require && path is null)
        {
            throw new UsageException("--require-signature needs a key to check signatures with.",
                "Name it with --sign-key. The public key is enough.");
        }

        return (path is null ? null : SigningKey.Load(path), require);
    }
}

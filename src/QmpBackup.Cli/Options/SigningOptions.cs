using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Options;

/// <summary>Signatures of points.</summary>
internal static class SigningOptions
{
    public static readonly Option<string?> Sign = new("--sign-key")
    {
        Description = "Sign the point with this private key (ECDSA P-256, PEM). Increments are built only on points that it has signed.",
        HelpName = "FILE",
    };

    public static readonly Option<string?> Check = new("--sign-key")
    {
        Description = "Check the signatures of points with this key, public or private. A wrong signature is an error.",
        HelpName = "FILE",
    };

    public static readonly Option<bool> Require = new("--require-signature")
    {
        Description = "With --sign-key: a point that is not signed is an error too.",
        Arity = ArgumentArity.Zero,
    };

    /// <summary>For what checks signatures.</summary>
    public static void AddTo(Command command)
    {
        command.Options.Add(Check);
        command.Options.Add(Require);
    }

    /// <summary>The key that signs; null for none.</summary>
    /// <exception cref="BackupException">It cannot be used.</exception>
    public static SigningKey? Signer(CommandContext context)
    {
        if (context.Arguments.GetValue(Sign) is not { } path)
            return null;
        var key = SigningKey.Load(path);
        if (key.CanSign)
            return key;
        key.Dispose();
        throw new UsageException($"--sign-key {path} is a public key, and cannot sign.", "Name the private key; the public one is for 'qbackup verify' and 'restore'.");
    }

    /// <summary>The key that signatures are checked with, and whether there must be one.</summary>
    /// <exception cref="UsageException">Signatures are required, and there is no key to check them with.</exception>
    /// <exception cref="BackupException">The key cannot be used.</exception>
    public static (SigningKey? Key, bool Require) Checker(CommandContext context)
    {
        var (path, require) = (context.Arguments.GetValue(Check), context.Arguments.GetValue(Require));
        if (require && path is null)
            throw new UsageException("--require-signature needs a key to check signatures with.", "Name it with --sign-key; the public key is enough.");
        return (path is null ? null : SigningKey.Load(path), require);
    }
}

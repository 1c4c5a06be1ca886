using System.CommandLine;
using System.Globalization;
using System.Text;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary><c>qbackup bitmap add</c></summary>
internal static class BitmapAddCommand
{
    private const int MaxNameBytes = 1023;

    private static readonly Option<long?> Granularity = TypedOption.Of<long?>("--granularity",
        "How much one bit stands for, such as 65536 or 64K. Default: the image's cluster size, but at least 4K and at most 64K.",
        "SIZE", "a power of two from 512 to 2G", TryReadSize);

    private static readonly Option<bool> Persistent = new("--persistent")
    {
        Description = "Store it in the image when QEMU ends. This is the default where the image's format can.",
        Arity = ArgumentArity.Zero,
    };

    private static readonly Option<bool> NotPersistent = new("--no-persistent")
    {
        Description = "Keep it in QEMU's memory only.",
        Arity = ArgumentArity.Zero,
    };

    private static readonly Option<bool> Disabled = new("--disabled")
    {
        Description = "Do not record yet.",
        Arity = ArgumentArity.Zero,
    };

    public static Command Create()
    {
        var command = new CliCommand("add", "Make a bitmap that records what changes on a disk from now on.")
        {
            Examples =
            [
                ("qbackup bitmap add nightly --disk vda --qmp unix:/run/vm1.qmp", "Record from now on, over restarts of QEMU too:"),
                ("qbackup bitmap add sum --disk vda --disabled --no-persistent --qmp unix:/run/vm1.qmp",
                    "An empty one to merge others into:"),
            ],
            Arguments = { BitmapChange.Name },
        };
        BitmapOptions.AddTo(command);
        foreach (var option in (Option[])[Granularity, Persistent, NotPersistent, Disabled, BitmapOptions.Force])
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Persistent) && result.GetValue(NotPersistent))
                result.AddError("A bitmap is either --persistent or --no-persistent.");
        });
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var arguments = context.Arguments;
        var name = arguments.GetRequiredValue(BitmapChange.Name);
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
            throw new UsageException($"A bitmap's name has 1 to {MaxNameBytes} bytes.");
        BitmapTarget.RequireForce(name, arguments.GetValue(BitmapOptions.Force), "the next backup would take it for a checkpoint");
        return BitmapChange.RunAsync(context, "add", "is added", name, target => Prepare(context, target, name), cancellationToken);
    }

    private static QmpRequest<QmpVoid> Prepare(CommandContext context, BitmapTarget target, string name)
    {
        var arguments = context.Arguments;
        if (target.Node.FindBitmap(name) is not null)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"There is a bitmap '{name}' on {target.Name} already.", "Remove it first, or give another name.");
        }

        var canPersist = target.Disk?.CanPersistBitmaps ?? target.Node is { Driver: "qcow2", Qcow2Compat: not "0.10" };
        if (arguments.GetValue(Persistent) && !canPersist)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"The image of {target.Name} cannot store bitmaps: that takes qcow2, version 3.",
                "With --no-persistent it is kept in QEMU's memory, and lost when QEMU ends.");
        }

        var persistent = canPersist && !arguments.GetValue(NotPersistent);
        if (persistent)
            target.RequireWritable("a bitmap cannot be stored in it");
        return BlockCoreCommands.BlockDirtyBitmapAdd.With(new BlockDirtyBitmapAdd
        {
            Node = target.Node.Name,
            Name = name,
            Granularity = arguments.GetValue(Granularity),
            Persistent = persistent,
            Disabled = arguments.GetValue(Disabled) ? true : null,
        });
    }

    private static bool TryReadSize(string text, out long? size)
    {
        size = null;
        var (digits, unit) = text.Length == 0 ? ("", 1L) : text[^1] switch
        {
            'K' or 'k' => (text[..^1], 1024L),
            'M' or 'm' => (text[..^1], 1024L * 1024),
            'G' or 'g' => (text[..^1], 1024L * 1024 * 1024),
            _ => (text, 1L),
        };
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            size = number * unit;
        return size is >= 512 and <= 1L << 31 && long.IsPow2(size.Value);
    }
}

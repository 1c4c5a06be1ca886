using System.CommandLine;
using System.Globalization;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;

namespace QmpBackup.Cli.Commands;

/// <summary><c>qbackup bitmap</c></summary>
internal static class BitmapCommand
{
    public static Command Create() => new CliCommand("bitmap", "List and change dirty bitmaps by hand.")
    {
        Examples =
        [
            ("qbackup bitmap list --qmp unix:/run/vm1.qmp", "All bitmaps of all disks:"),
            ("qbackup bitmap add nightly --disk vda --qmp unix:/run/vm1.qmp", "Record what changes on a disk from now on:"),
            ("qbackup bitmap merge week mon tue wed --disk vda --qmp unix:/run/vm1.qmp",
                "Merge into one bitmap what several have recorded:"),
        ],
        Subcommands =
        {
            BitmapListCommand.Create(),
            BitmapAddCommand.Create(),
            BitmapChangeCommand.Remove(),
            BitmapChangeCommand.Clear(),
            BitmapChangeCommand.Enable(),
            BitmapChangeCommand.Disable(),
            BitmapMergeCommand.Create(),
        },
    };
}

/// <summary><c>qbackup bitmap list</c></summary>
internal static class BitmapListCommand
{
    public static Command Create()
    {
        var command = new CliCommand("list", "List the dirty bitmaps. Changes nothing.")
        {
            Examples = [("qbackup bitmap list --qmp unix:/run/vm1.qmp", "All of them:")],
        };
        BitmapOptions.AddTo(command);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken) =>
        VmOptions.ConnectedAsync(context, async workflow =>
        {
            var bitmaps = await workflow.ListBitmapsAsync(context.Arguments.GetValue(BitmapOptions.Disk), cancellationToken)
                .ConfigureAwait(false);
            context.WriteResult(
                Contract.Bitmaps(bitmaps), JsonText.Context.BitmapListDocument, text => BitmapText.WriteList(text, bitmaps));
        }, cancellationToken);
}

/// <summary><c>qbackup bitmap add</c></summary>
internal static class BitmapAddCommand
{
    private static readonly Option<long?> Granularity = TypedOption.Of<long?>("--granularity",
        "How much one bit stands for, such as 65536 or 64K. Default: the image's cluster size, but at least 4K and at most 64K.",
        "SIZE", "a power of two from 512 to 2G", TryReadSize);

    private static readonly Option<bool> Persistent = TypedOption.Flag("--persistent",
        "Store it in the image when QEMU ends. This is the default where the image's format can.");

    private static readonly Option<bool> NotPersistent = TypedOption.Flag("--no-persistent", "Keep it in QEMU's memory only.");

    private static readonly Option<bool> Disabled = TypedOption.Flag("--disabled", "Do not record yet.");

    public static Command Create()
    {
        var command = new CliCommand("add", "Add a bitmap that records what changes on a disk from now on.")
        {
            Examples =
            [
                ("qbackup bitmap add nightly --disk vda --qmp unix:/run/vm1.qmp", "Record from now on, also after QEMU restarts:"),
                ("qbackup bitmap add sum --disk vda --disabled --no-persistent --qmp unix:/run/vm1.qmp",
                    "An empty one to merge others into:"),
            ],
            Arguments = { BitmapOptions.Name },
        };
        BitmapOptions.AddTo(command);
        foreach (var option in (Option[])[Granularity, Persistent, NotPersistent, Disabled, BitmapOptions.Force])
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Persistent) && result.GetValue(NotPersistent))
                result.AddError("A bitmap is either --persistent or --no-persistent.");
        });
        command.Runs((context, cancellationToken) =>
        {
            var arguments = context.Arguments;
            var request = BitmapOptions.Bind(context, BitmapAction.Add, arguments.GetRequiredValue(BitmapOptions.Name)) with
            {
                Granularity = arguments.GetValue(Granularity),
                IsPersistent = arguments.GetValue(Persistent) ? true : arguments.GetValue(NotPersistent) ? false : null,
                IsDisabled = arguments.GetValue(Disabled),
            };
            return BitmapChangeCommand.RunAsync(context, request, "is added", cancellationToken);
        });
        return command;
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

/// <summary>The commands that do one thing to one bitmap: <c>remove</c>, <c>clear</c>, <c>enable</c>, <c>disable</c>.</summary>
internal static class BitmapChangeCommand
{
    public static Command Remove() => Create(BitmapAction.Remove, "Remove a bitmap.", "is removed");

    public static Command Clear() =>
        Create(BitmapAction.Clear, "Forget what a bitmap has recorded. It continues to record.", "is cleared");

    public static Command Enable() => Create(BitmapAction.Enable, "Let a bitmap record from now on.", "is enabled");

    public static Command Disable() =>
        Create(BitmapAction.Disable, "Stop a bitmap from recording. It keeps what it has recorded.", "is disabled");

    /// <summary>Changes a bitmap and shows it.</summary>
    /// <param name="context">The command.</param>
    /// <param name="request">What to do.</param>
    /// <param name="done">What was done, for people: "is cleared".</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(
        CommandContext context, BitmapRequest request, string done, CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: the bitmap may have been changed. 'qbackup bitmap list' shows it.";
        await VmOptions.ConnectedAsync(context, async workflow =>
        {
            var after = await workflow.ChangeBitmapAsync(request, cancellationToken).ConfigureAwait(false);
            context.WriteResult(Contract.Changed(request, after), JsonText.Context.BitmapChangeDocument,
                text => BitmapText.WriteChanged(text, request.Bitmap, done, after));
        }, cancellationToken).ConfigureAwait(false);
    }

    private static CliCommand Create(BitmapAction action, string description, string done)
    {
        var word = Contract.Word(action);
        var command = new CliCommand(word, description)
        {
            Examples = [($"qbackup bitmap {word} nightly --disk vda --qmp unix:/run/vm1.qmp", "One bitmap of one disk:")],
            Arguments = { BitmapOptions.Name },
        };
        BitmapOptions.AddTo(command);
        command.Options.Add(BitmapOptions.Force);
        command.Runs((context, cancellationToken) => RunAsync(
            context, BitmapOptions.Bind(context, action, context.Arguments.GetRequiredValue(BitmapOptions.Name)), done, cancellationToken));
        return command;
    }
}

/// <summary><c>qbackup bitmap merge</c></summary>
internal static class BitmapMergeCommand
{
    private static readonly Argument<string> Into = new("TARGET") { Description = "The bitmap that takes the bits." };

    private static readonly Argument<string[]> From = new("SOURCE")
    {
        Description = "The bitmaps whose bits it takes. They do not change.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create()
    {
        var command = new CliCommand("merge", "Merge into one bitmap what several bitmaps of the same disk have recorded.")
        {
            Examples = [("qbackup bitmap merge week mon tue wed --disk vda --qmp unix:/run/vm1.qmp", "Three into one:")],
            Arguments = { Into, From },
        };
        BitmapOptions.AddTo(command);
        command.Options.Add(BitmapOptions.Force);
        command.Runs((context, cancellationToken) =>
        {
            var sources = context.Arguments.GetRequiredValue(From).Distinct().ToList();
            var request = BitmapOptions.Bind(context, BitmapAction.Merge, context.Arguments.GetRequiredValue(Into)) with
            {
                Sources = [.. sources],
            };
            return BitmapChangeCommand.RunAsync(
                context, request, $"now has the bits of {string.Join(", ", sources)} too", cancellationToken);
        });
        return command;
    }
}

/// <summary>Which bitmap.</summary>
internal static class BitmapOptions
{
    public static readonly Argument<string> Name = new("NAME") { Description = "The bitmap's name." };

    public static readonly Option<string?> Disk = new("--disk")
    {
        Description = "The disk, by node name or by the id of the guest device, or any other node by its name. Default: the only disk "
            + "that the guest can write.",
        HelpName = "NAME",
    };

    public static readonly Option<bool> Force = TypedOption.Flag("--force", "Do it even to a bitmap that qbackup itself has made.");

    public static void AddTo(Command command)
    {
        VmOptions.AddTo(command);
        command.Options.Add(Disk);
    }

    public static BitmapRequest Bind(CommandContext context, BitmapAction action, string bitmap) => new(action, bitmap)
    {
        Disk = context.Arguments.GetValue(Disk),
        Force = context.Arguments.GetValue(Force),
    };
}

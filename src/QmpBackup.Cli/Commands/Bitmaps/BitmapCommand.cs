using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Options;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary><c>qbackup bitmap</c></summary>
internal static class BitmapCommand
{
    public static Command Create() => new CliCommand("bitmap", "The dirty-bitmap commands, by hand.")
    {
        Examples =
        [
            ("qbackup bitmap list --qmp unix:/run/vm1.qmp", "All bitmaps of all disks:"),
            ("qbackup bitmap add nightly --disk vda --qmp unix:/run/vm1.qmp", "Record what changes on a disk from now on:"),
            ("qbackup bitmap merge week mon tue wed --disk vda --qmp unix:/run/vm1.qmp", "Put what several bitmaps recorded into one:"),
        ],
        Subcommands =
        {
            BitmapListCommand.Create(),
            BitmapAddCommand.Create(),
            BitmapChangeCommands.Remove(),
            BitmapChangeCommands.Clear(),
            BitmapChangeCommands.Enable(),
            BitmapChangeCommands.Disable(),
            BitmapMergeCommand.Create(),
        },
    };
}

/// <summary>Which bitmap.</summary>
internal static class BitmapOptions
{
    public static readonly Option<string?> Disk = new("--disk")
    {
        Description = "The disk, by node name or id of the guest device; may be left out where the VM has one only. Any other node by its "
            + "name.",
        HelpName = "NAME",
    };

    public static readonly Option<bool> Force = new("--force")
    {
        Description = "Do it to a bitmap of qbackup's own, too.",
        Arity = ArgumentArity.Zero,
    };

    public static void AddTo(Command command)
    {
        VmOptions.AddTo(command);
        command.Options.Add(Disk);
    }
}

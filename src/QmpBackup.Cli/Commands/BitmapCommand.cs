using System.CommandLine;
using QmpBackup.Cli.Commands.Bitmaps;
using QmpBackup.Cli.Help;

namespace QmpBackup.Cli.Commands;

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

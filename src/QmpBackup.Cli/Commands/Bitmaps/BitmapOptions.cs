using System.CommandLine;
using QmpBackup.Cli.Options;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary>Which bitmap.</summary>
internal static class BitmapOptions
{
    public static readonly Option<string?> Disk = new("--disk")
    {
        Description = "The disk, by node name or id of the guest device; may be left out where the VM has one only. Any other node by its name.",
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

using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary><c>qbackup bitmap merge</c></summary>
internal static class BitmapMergeCommand
{
    private static readonly Argument<string> Into = new("TARGET") { Description = "The bitmap that takes the bits." };

    private static readonly Argument<string[]> From = new("SOURCE")
    {
        Description = "The bitmaps whose bits are taken. They stay as they "
        + "are.",
        Arity = ArgumentArity.OneOrMore
    };

    public static Command Create()
    {
        var command = new CliCommand("merge", "Put what several bitmaps recorded into one, all of them of one disk.")
        {
            Examples = [("qbackup bitmap merge week mon tue wed --disk vda --qmp unix:/run/vm1.qmp", "Three into one:")],
            Arguments = { Into, From },
        };
        BitmapOptions.AddTo(command);
        command.Options.Add(BitmapOptions.Force);
        command.Runs(RunAsync);
        return command;
    }

    private static Task RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var name = context.Arguments.GetRequiredValue(Into);
        BitmapTarget.RequireForce(name, context.Arguments.GetValue(BitmapOptions.Force), "it would no longer say what changed when");
        var sources = context.Arguments.GetRequiredValue(From).Distinct().ToList();
        return BitmapChange.RunAsync(context, "merge", $"has taken the bits of {string.Join(", ", sources)}", name, target =>
        {
            foreach (var bitmap in sources.Prepend(name).Select(target.Require))
            {
                target.RequireSound(bitmap);
                target.RequireFree(bitmap);
            }

            return BlockCoreCommands.BlockDirtyBitmapMerge.With(new BlockDirtyBitmapMerge
            {
                Node = target.Node.Name,
                Target = name,
                Bitmaps = [.. sources.Select(s => (BlockDirtyBitmapOrStr)s)],
            });
        }, cancellationToken);
    }
}

using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary>The commands that do one thing to one bitmap: <c>remove</c>, <c>clear</c>, <c>enable</c>, <c>disable</c>.</summary>
internal static class BitmapChangeCommands
{
    public static Command Remove() => Create("remove", "Remove a bitmap.", "is removed",
        "without it the next backup of this disk in its chain is a full one, and an open backup cannot be finished",
        BlockCoreCommands.BlockDirtyBitmapRemove,
        (target, _) => target.RequireWritable("its bitmaps cannot be removed"));

    public static Command Clear() => Create("clear", "Forget what a bitmap has recorded. It goes on recording.", "is cleared",
        "what it has recorded would be missing from the next increment, without anybody noticing",
        BlockCoreCommands.BlockDirtyBitmapClear,
        (target, bitmap) =>
        {
            target.RequireSound(bitmap);
            target.RequireWritable("its bitmaps cannot be cleared");
        });

    public static Command Enable() => Create("enable", "Have a bitmap record, from now on.", "records",
        "a disabled one is part of a kept sequence, or of an open backup, and would no longer say what changed when",
        BlockCoreCommands.BlockDirtyBitmapEnable,
        (target, bitmap) => target.RequireSound(bitmap));

    public static Command Disable() => Create("disable", "Have a bitmap stop recording. What it has recorded stays.", "is disabled",
        "what changes from now on would be missing from the next increment, so that it will be a full one",
        BlockCoreCommands.BlockDirtyBitmapDisable,
        (target, bitmap) => target.RequireSound(bitmap));

    private static CliCommand Create(
        string action, string description, string done, string consequence, QmpCommand<BlockDirtyBitmap, QmpVoid> qmp, Action<BitmapTarget,
            DirtyBitmap> check)
    {
        var command = new CliCommand(action, description)
        {
            Examples = [($"qbackup bitmap {action} nightly --disk vda --qmp unix:/run/vm1.qmp", "One bitmap of one disk:")],
            Arguments = { BitmapChange.Name },
        };
        BitmapOptions.AddTo(command);
        command.Options.Add(BitmapOptions.Force);
        command.Runs((context, cancellationToken) =>
        {
            var name = context.Arguments.GetRequiredValue(BitmapChange.Name);
            BitmapTarget.RequireForce(name, context.Arguments.GetValue(BitmapOptions.Force), consequence);
            return BitmapChange.RunAsync(context, action, done, name, target =>
            {
                var bitmap = target.Require(name);
                target.RequireFree(bitmap);
                check(target, bitmap);
                return qmp.With(new BlockDirtyBitmap { Node = target.Node.Name, Name = name });
            }, cancellationToken);
        });
        return command;
    }
}

using System.CommandLine;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Commands.Bitmaps;

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
            var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
            var document = new BitmapListDocument([.. List(state, context.Arguments.GetValue(BitmapOptions.Disk))]);
            context.WriteResult(document, JsonText.Context.BitmapListDocument, text =>
            {
                if (document.Bitmaps.Count == 0)
                    text.Line("There is no bitmap.");
                else
                    BitmapTable.Of(document.Bitmaps).WriteTo(text, 0);
            });
        }, cancellationToken);

    private static IEnumerable<DiskBitmapDto> List(VmState state, string? name)
    {
        IEnumerable<BitmapTarget> targets = name is not null
            ? [BitmapTarget.Find(state, name)]
            : [
                .. state.Disks.Select(d => new BitmapTarget(d, d.Node)),
                .. state.Nodes.Where(n => state.Disks.All(d => d.Node.Name != n.Name)).Select(n => new BitmapTarget(null, n)),
            ];
        // Those without a name are made by QEMU's own jobs, and nobody else can do anything with them.
        return from target in targets
               from b in target.Node.Bitmaps
               where b.Name is not null
               select new DiskBitmapDto(target.Disk?.Name, target.Node.Name, b.Name!, b.Granularity, b.Count, b.IsRecording, b.IsBusy,
                   b.IsPersistent, b.IsInconsistent);
    }
}

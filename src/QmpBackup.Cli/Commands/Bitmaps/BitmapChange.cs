using System.CommandLine;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Commands.Bitmaps;

/// <summary>The road that every command takes that changes a bitmap: look, check, do, look again, tell.</summary>
internal static class BitmapChange
{
    public static readonly Argument<string> Name = new("NAME") { Description = "The bitmap's name." };

    /// <summary>Runs it.</summary>
    /// <param name="context">The command.</param>
    /// <param name="action">Its name, for scripts.</param>
    /// <param name="done">What it has done, for persons: "is cleared".</param>
    /// <param name="bitmap">The bitmap's name.</param>
    /// <param name="prepare">Checks that it can be done, and makes the request; the VM's state may say what is missing.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(
        CommandContext context, string action, string done, string bitmap, Func<BitmapTarget, QmpRequest> prepare,
        CancellationToken cancellationToken)
    {
        context.InterruptedMessage = "Interrupted: it may have been done. 'qbackup bitmap list' shows it.";
        await VmOptions.ConnectedAsync(context, async workflow =>
        {
            var name = context.Arguments.GetValue(BitmapOptions.Disk);
            var target = BitmapTarget.Find(await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false), name);
            await workflow.Client.ExecuteAsync(prepare(target), cancellationToken).ConfigureAwait(false);
            var after = (await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false))
                .FindNode(target.Node.Name)?.FindBitmap(bitmap);
            Write(context, action, done, bitmap, target, after is null ? null : Contract.Bitmap(after));
        }, cancellationToken).ConfigureAwait(false);
    }

    private static void Write(CommandContext context, string action, string done, string bitmap, BitmapTarget target, BitmapDto? after) =>
        context.WriteResult(
        new BitmapChangeDocument(action, target.Disk?.Name, target.Node.Name, bitmap, after),
        JsonText.Context.BitmapChangeDocument,
        text =>
        {
            text.Write($"Bitmap '{bitmap}' on {target.Name} {done}");
            if (after is not null)
            {
                text.Write(
                    $": {BitmapTable.StateText(after)}, {Terminal.Humane.Size(after.Count)} dirty, granularity "
                        + $"{Terminal.Humane.Size(after.Granularity)}");
            }

            text.Line(".");
        });
}

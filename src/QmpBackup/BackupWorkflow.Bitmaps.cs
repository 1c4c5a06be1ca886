using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

// Bitmaps by hand.
public sealed partial class BackupWorkflow
{
    /// <summary>Lists the bitmaps that have a name. Changes nothing.</summary>
    /// <param name="disk">Only those of this disk, by any of its names, or of this node; null for all.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">There is no such disk or node.</exception>
    public async Task<ImmutableArray<PlacedBitmap>> ListBitmapsAsync(
        string? disk = null, CancellationToken cancellationToken = default) =>
        [.. BitmapPlanner.List(await ObserveAsync(cancellationToken).ConfigureAwait(false), disk)];

    /// <summary>Makes the plan that <see cref="ChangeBitmapAsync"/> would run. Changes nothing.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">It is not possible, and the message says why.</exception>
    public async Task<BackupPlan> PlanBitmapAsync(BitmapRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return BitmapPlanner.Plan(await ObserveAsync(cancellationToken).ConfigureAwait(false), request);
    }

    /// <summary>Changes one bitmap by hand.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="cancellationToken">Stops it. If the command was already sent, it may have been done.</param>
    /// <returns>The bitmap afterwards.</returns>
    /// <exception cref="BackupException">It is not possible, or QEMU refused it; the message says why.</exception>
    /// <exception cref="QmpException">The connection to QEMU was lost; it may have been done.</exception>
    public async Task<PlacedBitmap> ChangeBitmapAsync(BitmapRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var before = await ObserveAsync(cancellationToken).ConfigureAwait(false);
        var plan = BitmapPlanner.Plan(before, request);
        try
        {
            await NewExecutor().RunAsync(plan, cancellationToken).ConfigureAwait(false);
        }
        catch (BackupException e) when (e is { Code: BackupErrorCode.BackupFailed, InnerException: QmpException })
        {
            // No backup has failed: only the connection was lost.
            ExceptionDispatchInfo.Throw(e.InnerException);
        }

        var place = BitmapPlace.Find(before, request.Disk);
        var node = (await ObserveAsync(cancellationToken).ConfigureAwait(false)).FindNode(place.Node.Name);
        return new PlacedBitmap(place, node?.FindBitmap(request.Bitmap));
    }
}

using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using QmpBackup.Execution;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>
/// Opens and closes pull-mode backups of one VM. Every method observes the VM, plans from what it finds and runs the plan. QEMU holds all
/// state, so it does not matter which program made the last call, or whether it was killed. Only paths are remembered: those of a backup
/// that this workflow has opened, because QEMU could name another VM's, and the places of scratch folders.
/// </summary>
public sealed class BackupWorkflow : IAsyncDisposable
{
    // Finish and abort are planned again if QEMU refuses a step: the VM may have changed meanwhile.
    private const int MaxPlans = 3;

    // A backup that is being closed is closed over a new connection if the first is lost.
    private const int MaxConnections = 3;

    private readonly Func<CancellationToken, Task<IQmpClient>> _connect;
    private readonly ILogger _logger;

    // The note of the backup that was opened here: its paths are not taken from QEMU.
    private SessionNote? _own;

    // Where scratch folders are looked for: the directories that callers named, and the folders that notes named. A restart of QEMU forgets
    // them.
    private ImmutableHashSet<string> _scratchDirectories;
    private ImmutableHashSet<string> _scratchFolders = [];

    private BackupWorkflow(Func<CancellationToken, Task<IQmpClient>> connect, IQmpClient client, BackupWorkflowOptions options)
    {
        _connect = connect;
        Client = client;
        Options = options;
        _scratchDirectories = [StartRequest.DefaultScratchDirectory, .. options.ScratchDirectories];
        _logger = options.LoggerFactory.CreateLogger<BackupWorkflow>();
    }

    /// <summary>How the workflow works.</summary>
    public BackupWorkflowOptions Options { get; }

    /// <summary>The connection to QEMU.</summary>
    public IQmpClient Client { get; private set; }

    /// <summary>Connects to a VM.</summary>
    /// <param name="endpoint">Its QMP socket.</param>
    /// <param name="clientOptions">How the connection works; null for the defaults.</param>
    /// <param name="options">How the workflow works; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the connecting.</param>
    /// <exception cref="QmpConnectException">The connection failed; <see cref="QmpConnectException.Reason"/> says why.</exception>
    public static Task<BackupWorkflow> ConnectAsync(
        QmpEndpoint endpoint, QmpClientOptions? clientOptions = null, BackupWorkflowOptions? options = null,
            CancellationToken cancellationToken = default) =>
        ConnectAsync(
            async token => await QmpClient.ConnectAsync(endpoint, clientOptions, token).ConfigureAwait(false), options, cancellationToken);

    /// <summary>Connects to a VM through a connection that the caller opens, such as a tunnel.</summary>
    /// <param name="connect">Opens a connection; called again if the first is lost while there is something to be rolled back.</param>
    /// <param name="options">How the workflow works; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the connecting.</param>
    public static async Task<BackupWorkflow> ConnectAsync(
        Func<CancellationToken, Task<IQmpClient>> connect, BackupWorkflowOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connect);
        var client = await connect(cancellationToken).ConfigureAwait(false);
        return new BackupWorkflow(connect, client, options ?? new BackupWorkflowOptions());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Client.DisposeAsync();

    /// <summary>Observes the VM. Changes nothing.</summary>
    /// <param name="cancellationToken">Stops the asking.</param>
    public async Task<VmState> ObserveAsync(CancellationToken cancellationToken = default)
    {
        var observer = new VmObserver(Client, Options.TimeProvider)
        {
            Own = _own,
            ScratchDirectories = _scratchDirectories,
            ScratchFolders = _scratchFolders,
        };
        var state = await observer.ObserveAsync(cancellationToken).ConfigureAwait(false);
        if (state.Note?.ScratchFolder is { } folder)
            ImmutableInterlocked.Update(ref _scratchFolders, (known, seen) => known.Add(seen), folder);
        return state;
    }

    /// <summary>Looks for scratch folders in one more directory from now on.</summary>
    /// <param name="directory">An absolute path.</param>
    internal void LookIn(string directory)
    {
        if (directory.StartsWith('/'))
            ImmutableInterlocked.Update(ref _scratchDirectories, (known, named) => known.Add(named), directory);
    }

    /// <summary>Tells what is open and which chains there are. Changes nothing.</summary>
    /// <param name="cancellationToken">Stops the asking.</param>
    public async Task<VmStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        StatusReader.Read(await ObserveAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Makes the plan that <see cref="StartAsync(StartRequest, CancellationToken)"/> would run. Changes nothing.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Stops the asking.</param>
    /// <exception cref="BackupException">It is not possible, and the message says why.</exception>
    public async Task<BackupPlan> PlanStartAsync(StartRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        LookIn(request.ScratchDirectory);
        return StartPlanner.Plan(await ObserveAsync(cancellationToken).ConfigureAwait(false), request.WithCheckpoint(Options.TimeProvider));
    }

    /// <summary>Makes the plan that <see cref="FinishAsync"/> would run. Changes nothing.</summary>
    /// <param name="keepBitmap">Whether the old bitmaps stay, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Stops the asking.</param>
    /// <exception cref="BackupException">It is not possible, and the message says why.</exception>
    public async Task<BackupPlan> PlanFinishAsync(bool keepBitmap = false, CancellationToken cancellationToken = default) =>
        FinishPlanner.Plan(await ObserveAsync(cancellationToken).ConfigureAwait(false), keepBitmap);

    /// <summary>Makes the plan that <see cref="AbortAsync"/> would run: without steps where nothing is open. Changes nothing.</summary>
    /// <param name="cancellationToken">Stops the asking.</param>
    public async Task<BackupPlan> PlanAbortAsync(CancellationToken cancellationToken = default) =>
        AbortPlanner.Plan(await ObserveAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Opens a backup: the point in time is held and exported over NBD. If anything fails, everything is as it was before.
    /// </summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Stops it, at any moment, and rolls back.</param>
    /// <returns>The open backup.</returns>
    /// <exception cref="BackupException">
    /// It could not be opened. The message says so if something could not be rolled back.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled and is rolled back.</exception>
    public async Task<BackupSession> StartAsync(StartRequest request, CancellationToken cancellationToken = default)
    {
        var plan = await PlanStartAsync(request, cancellationToken).ConfigureAwait(false);
        return await StartPlannedAsync(plan, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a backup by a plan that was made before.</summary>
    /// <inheritdoc cref="StartAsync(StartRequest, CancellationToken)"/>
    /// <param name="plan">A plan of <see cref="PlanStartAsync"/>.</param>
    /// <param name="cancellationToken">Stops it, at any moment, and rolls back.</param>
    public async Task<BackupSession> StartPlannedAsync(BackupPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Note is null)
            throw new ArgumentException("That is no plan of a start.", nameof(plan));
        var freezer = plan.Steps.Any(s => s is FreezeStep) ? Options.Freezer?.Invoke() : null;
        var executor = NewExecutor(freezer);
        try
        {
            return await OpenAsync(executor, plan, plan.Note, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (executor.ThawProblem is not null)
                _ = ThawOnAsync(executor.Thawing, freezer!);
            else if (freezer is not null)
                await freezer.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Runs in the background: a guest that does not answer must not delay the backup.
    private async Task ThawOnAsync(Task thawing, IGuestFreezer freezer)
    {
        await thawing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await freezer.DisposeAsync().ConfigureAwait(false);
            if (thawing.IsCompletedSuccessfully)
                WorkflowLog.ThawedLate(_logger);
        }
        catch (BackupException e)
        {
            WorkflowLog.NotThawed(_logger, e.Message);
        }
    }

    /// <summary>Closes the open backup: its data is safe. If this is interrupted, call it again: it continues from there.</summary>
    /// <param name="keepBitmap">Whether the old bitmaps stay, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Stops it between two steps.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="BackupException">
    /// Nothing is open, the point in time was lost, or QEMU refused a step. Or writes of the guest failed while the backup was open
    /// (<see cref="BackupErrorCode.BackupFailed"/>): the backup is closed all the same, and the message says so.
    /// </exception>
    public async Task<BackupPlan> FinishAsync(bool keepBitmap = false, CancellationToken cancellationToken = default)
    {
        var plan = await RunAsync(token => PlanFinishAsync(keepBitmap, token), cancellationToken).ConfigureAwait(false);
        return plan.Harm is null ? plan : throw Harmed(plan.Harm, "The backup is closed, and what was read of it is right");
    }

    /// <summary>
    /// Closes the open backup as if it had never been started: every change recorded before and since is part of the next increment. Safe
    /// to repeat, and when nothing is open.
    /// </summary>
    /// <param name="cancellationToken">Stops it between two steps.</param>
    /// <returns>What was done: a plan without steps where nothing was open.</returns>
    /// <exception cref="BackupException">
    /// QEMU refused a step. Or writes of the guest failed while the backup was open (<see cref="BackupErrorCode.BackupFailed"/>): it is
    /// rolled back all the same, and the message says so.
    /// </exception>
    public async Task<BackupPlan> AbortAsync(CancellationToken cancellationToken = default)
    {
        var plan = await RunAsync(PlanAbortAsync, cancellationToken).ConfigureAwait(false);
        return plan.Harm is null ? plan : throw Harmed(plan.Harm, "The backup is rolled back");
    }

    /// <summary>Makes sure that the point in time of this backup is still held.</summary>
    /// <param name="id">The backup.</param>
    /// <param name="cancellationToken">Stops the asking.</param>
    /// <exception cref="BackupException">
    /// It was lost, or another backup is open, or none (<see cref="BackupErrorCode.NothingOpen"/>).
    /// </exception>
    internal async Task RequireHeldAsync(string id, CancellationToken cancellationToken)
    {
        var state = await ObserveAsync(cancellationToken).ConfigureAwait(false);
        if ((IsOpen(state, id) ? FinishPlanner.FindLossWhileRead(state, OpenBackup.Find(state)) : NotOpen(id)) is { } loss)
            throw loss;
    }

    /// <summary>Closes this backup and no other: its data is safe. Where the connection is lost meanwhile, over a new one.</summary>
    /// <param name="id">The backup.</param>
    /// <param name="keepBitmap">Whether the old bitmaps stay.</param>
    internal Task<BackupPlan> FinishOfAsync(string id, bool keepBitmap) =>
        RunAsync(async token =>
        {
            var state = await ObserveAsync(token).ConfigureAwait(false);
            return IsOpen(state, id) ? FinishPlanner.Plan(state, keepBitmap) : throw NotOpen(id);
        }, CancellationToken.None, reconnects: true);

    /// <summary>
    /// Closes this backup and no other, as if it had never been started. Where the connection is lost meanwhile, over a new one.
    /// </summary>
    /// <param name="id">The backup.</param>
    internal Task<BackupPlan> AbortOfAsync(string id) => RunAsync(async token =>
    {
        var state = await ObserveAsync(token).ConfigureAwait(false);
        return IsOpen(state, id) ? AbortPlanner.Plan(state) : AbortPlanner.PlanLeftovers(state, id);
    }, CancellationToken.None, reconnects: true);

    /// <summary>The error for a backup that made writes of the guest fail.</summary>
    /// <param name="harm">Which writes failed, in a clause.</param>
    /// <param name="outcome">What has become of the backup, in a clause.</param>
    internal static BackupException Harmed(string harm, string outcome) => new(BackupErrorCode.BackupFailed, $"{harm}. {outcome}.",
        "Check the guest's file systems: what it could not write may be missing there. Find out why its scratch image could not grow (a quota, a limit on file sizes, an error of the storage), and use another scratch directory.");

    private static BackupException NotOpen(string id) => new BackupException(BackupErrorCode.NothingOpen, $"Backup {id} is not open any more: somebody else has closed it.", "'qbackup status' shows what is open now.");

    // Without a note, and for a copy without bitmaps, the names of its jobs, exports and nodes still tell whose they are.
    private static bool IsOpen(VmState state, string id)
    {
        var open = OpenBackup.Find(state);
        return open.Checkpoint?.Value == id
            || (open.Note is null && CheckpointId.TryParse(id, out var wanted)
                && open.Jobs.Select(j => j.Id).Concat(open.Exports.Select(e => e.Id)).Concat(open.Nodes.Select(n => n.Name))
                .Any(name => SessionNames.TryParse(name, out var tag, out _) && tag == wanted.Tag));
    }

    // A command without an answer counts as a loss, too: QEMU may still be busy with it, and a new connection shows what came of it.
    private static bool IsLoss(Exception failure) =>
        (failure as QmpException ?? failure.InnerException as QmpException) is { } and not QmpCommandException;

    private async Task<BackupSession> OpenAsync(
        PlanExecutor executor, BackupPlan plan, SessionNote note, CancellationToken cancellationToken)
    {
        try
        {
            await executor.RunAsync(plan, cancellationToken).ConfigureAwait(false);
            var state = await ObserveAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            var written = NoteStep.After(note with { Phase = SessionPhase.Open }, executor.Frozen, executor.ThawProblem is not null);
            if (state.Note is { } told && !told.TellsTheSameAs(written))
                throw new BackupException(BackupErrorCode.BackupFailed, $"QEMU does not hold the note of backup {note.Checkpoint} as it was written: somebody has changed it.");
            _own = written;
            return StatusReader.OfNote(state, written) with
            {
                FreezeObstacle = executor.FreezeObstacle,
                ThawProblem = executor.ThawProblem,
            };
        }
        catch (Exception failure)
        {
            _own = note;
            var left = await RollBackAsync(executor, note.Checkpoint).ConfigureAwait(false);
            if (left is null && failure is OperationCanceledException)
                throw;
            throw await CombineAsync(failure, left).ConfigureAwait(false);
        }
    }

    private async Task<BackupPlan> RunAsync(
        Func<CancellationToken, Task<BackupPlan>> makePlan, CancellationToken cancellationToken, bool reconnects = false)
    {
        BackupPlan? first = null;
        var isLost = false;
        for (int plans = 1, connections = 0; ;)
        {
            try
            {
                if (reconnects && (isLost || Client.Completion.IsCompleted))
                {
                    connections++;
                    await Client.DisposeAsync().ConfigureAwait(false);
                    Client = await _connect(CancellationToken.None).ConfigureAwait(false);
                    isLost = false;
                }

                var plan = await makePlan(cancellationToken).ConfigureAwait(false);
                first ??= plan;
                await NewExecutor().RunAsync(plan, cancellationToken).ConfigureAwait(false);
                return first with { Harm = await FindHarmAsync(first.Closed).ConfigureAwait(false) };
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.NothingOpen && first is not null)
            {
                return first;
            }
            catch (BackupException e) when (e.Code == BackupErrorCode.CommandRefused && plans < MaxPlans)
            {
                plans++;
                WorkflowLog.PlanRefused(_logger, e);
            }
            catch (Exception e) when (reconnects && IsLoss(e) && connections < MaxConnections)
            {
                // A lost connection is not always seen at once, and QEMU may still serve the old one when the new one comes.
                isLost = true;
                WorkflowLog.ConnectionLost(_logger, e);
            }
        }
    }

    // Asked after everything is closed, so that it counts all failures. Without an answer the backup is closed all the same.
    private async Task<string?> FindHarmAsync(SessionNote? note)
    {
        try
        {
            return note is null || note.Disks.All(d => d.FailedWrites is null) ? null
                : GuestHarm.Describe(note, await FailedWrites.ReadAsync(Client, CancellationToken.None).ConfigureAwait(false));
        }
        catch (QmpException e)
        {
            WorkflowLog.HarmUnknown(_logger, e);
            return null;
        }
    }

    // What could not be undone, in words; null if everything was undone.
    private async Task<string?> RollBackAsync(PlanExecutor executor, string id)
    {
        try
        {
            if (!executor.IsUncertain)
            {
                await executor.UndoAsync().ConfigureAwait(false);
                return null;
            }
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            WorkflowLog.UndoFailed(_logger, e);
        }

        try
        {
            // The journal may be incomplete, QEMU is not: observe again. Steps before the note leave nothing of this backup, and the note
            // of another backup means that nothing of this one is there.
            await AbortOfAsync(id).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is BackupException or QmpException)
        {
            return e.Message;
        }
    }

    private async Task<Exception> CombineAsync(Exception failure, string? left)
    {
        var known = StepFailure.Explain(failure) as BackupException;
        if (left is not null)
        {
            return new BackupException(known?.Code ?? BackupErrorCode.BackupFailed, $"{known?.Message ?? "The start was interrupted."} And not all could be rolled back: {left}",
                "Run 'qbackup abort' as soon as the VM answers: it finds what is left.", failure);
        }

        if (known is null)
            return failure;
        if (known.Code == BackupErrorCode.CommandRefused && await IsSomebodyElsesOpenAsync().ConfigureAwait(false))
            return new BackupException(BackupErrorCode.Busy, "Another backup of this VM was opened at the same moment.", "'qbackup status' shows it.", failure);
        return new BackupException(known.Code, known.Message, known.Hint, failure);
    }

    // This backup is rolled back: a note that is there now belongs to another one, which was the reason for the refusal.
    private async Task<bool> IsSomebodyElsesOpenAsync()
    {
        try
        {
            return (await ObserveAsync(CancellationToken.None).ConfigureAwait(false)).HasNote;
        }
        catch (QmpException)
        {
            return false;
        }
    }

    private PlanExecutor NewExecutor(IGuestFreezer? freezer = null) =>
        new(Client, _logger, Options.TimeProvider, Options.Progress, freezer);
}

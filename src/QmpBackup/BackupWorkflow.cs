using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QmpBackup.Execution;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>
/// Opens and closes pull-mode backups of one VM. Every method observes the VM, plans from what it finds and runs the plan. QEMU holds all
/// state, so it does not matter which program made the last call, or whether it was killed. Only paths are remembered: those of a backup
/// that this workflow has opened, because QEMU could name another VM's, and the places of scratch folders.
/// </summary>
public sealed partial class BackupWorkflow : IAsyncDisposable
{
    // Finish and abort are planned again if QEMU refuses a step: the VM may have changed meanwhile.
    private const int MaxPlans = 3;

    // A backup that is being closed is closed over a new connection if the first is lost.
    private const int MaxConnections = 3;

    private readonly ILogger _logger;

    // The note of the backup that was opened here: its paths are not taken from QEMU.
    private SessionNote? _own;

    // Where scratch folders are looked for: the directories that callers named, and the folders that notes named. A restart of QEMU forgets
    // them.
    private ImmutableHashSet<string> _scratchDirectories;
    private ImmutableHashSet<string> _scratchFolders = [];
    private readonly ScratchFolderFinder _finder = new();

    private BackupWorkflow(Func<CancellationToken, Task<IQmpClient>> connect, IQmpClient client, BackupWorkflowOptions options)
    {
        Options = options;
        _scratchDirectories = [StartRequest.DefaultScratchDirectory, .. options.ScratchDirectories];
        _logger = options.LoggerFactory.CreateLogger<BackupWorkflow>();
        Monitor = new MonitorLease(connect, client, options.HoldsMonitor, options.TimeProvider, _logger);
    }

    /// <summary>How the workflow works.</summary>
    public BackupWorkflowOptions Options { get; }

    /// <summary>
    /// The connection to QEMU. A run, a pull and a watch let go of it; the next call of this workflow opens another one.
    /// </summary>
    public IQmpClient Client => Monitor.Client;

    /// <summary>How long the connection is kept.</summary>
    internal MonitorLease Monitor { get; }

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
    /// <param name="connect">
    /// Opens a connection; called again if the first is lost while there is something to be rolled back, and each time something is asked
    /// while a backup is read or watched, unless <see cref="BackupWorkflowOptions.HoldsMonitor"/> is set.
    /// </param>
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
    public ValueTask DisposeAsync() => Monitor.DisposeAsync();

    /// <summary>Observes the VM. Changes nothing.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task<VmState> ObserveAsync(CancellationToken cancellationToken = default) =>
        ObserveAsync(ObservationScope.Everything, cancellationToken);

    internal async Task<VmState> ObserveAsync(ObservationScope scope, CancellationToken cancellationToken)
    {
        await using var held = (await Monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        var observer = new VmObserver(Client, Options.TimeProvider)
        {
            Own = _own,
            ScratchDirectories = _scratchDirectories,
            ScratchFolders = _scratchFolders,
            Finder = _finder,
            Scope = scope,
            Cache = Options.CacheFolder is { } cache ? new FeatureCache(cache) : null,
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

    /// <summary>Reports the open backup and the chains of checkpoints. Changes nothing.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<VmStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        StatusReader.Read(await ObserveAsync(ObservationScope.Status, cancellationToken).ConfigureAwait(false));

    /// <summary>Tells what the VM has, and what a backup would do with each disk. Changes nothing.</summary>
    /// <param name="request">The backup that is thought of; null for one with the defaults.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">The request names a disk that does not exist.</exception>
    public async Task<VmInspection> InspectAsync(StartRequest? request = null, CancellationToken cancellationToken = default) =>
        VmInspector.Inspect(
            await ObserveAsync(cancellationToken).ConfigureAwait(false), (request ?? new()).WithCheckpoint(Options.TimeProvider));

    /// <summary>Makes the plan that <see cref="StartAsync(StartRequest, CancellationToken)"/> would run. Changes nothing.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">The plan is not possible; the message says why.</exception>
    public async Task<BackupPlan> PlanStartAsync(StartRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        LookIn(request.ScratchDirectory);
        return StartPlanner.Plan(await ObserveAsync(cancellationToken).ConfigureAwait(false), request.WithCheckpoint(Options.TimeProvider));
    }

    /// <summary>Makes the plan that <see cref="FinishAsync"/> would run. Changes nothing.</summary>
    /// <param name="keepBitmap">Whether the old bitmaps are kept, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="BackupException">The plan is not possible; the message says why.</exception>
    public async Task<BackupPlan> PlanFinishAsync(bool keepBitmap = false, CancellationToken cancellationToken = default) =>
        FinishPlanner.Plan(await ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false), keepBitmap);

    /// <summary>Makes the plan that <see cref="AbortAsync"/> would run. It has no steps if no backup is open. Changes nothing.</summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<BackupPlan> PlanAbortAsync(CancellationToken cancellationToken = default) =>
        AbortPlanner.Plan(await ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false));

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
            throw new ArgumentException("This is not the plan of a start.", nameof(plan));
        // From before the freeze until after the thaw, and until what failed is rolled back.
        await using var held = (await Monitor.HoldAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
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
    /// <param name="keepBitmap">Whether the old bitmaps are kept, disabled, as part of the sequence.</param>
    /// <param name="cancellationToken">Stops it between two steps.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="BackupException">
    /// Nothing is open, the point in time was lost, or QEMU refused a step. Or writes of the guest failed while the backup was open
    /// (<see cref="BackupErrorCode.BackupFailed"/>): the backup is closed anyway, and the message says so.
    /// </exception>
    public async Task<BackupPlan> FinishAsync(bool keepBitmap = false, CancellationToken cancellationToken = default)
    {
        var plan = await RunAsync(token => PlanFinishAsync(keepBitmap, token), cancellationToken).ConfigureAwait(false);
        return plan.Harm is null ? plan : throw Harmed(plan.Harm, "The backup is closed, and the data that was read is correct");
    }

    /// <summary>
    /// Closes the open backup as if it had never been started: every change recorded before and since is part of the next increment. Safe
    /// to repeat, and when nothing is open.
    /// </summary>
    /// <param name="cancellationToken">Stops it between two steps.</param>
    /// <returns>What was done: a plan without steps where nothing was open.</returns>
    /// <exception cref="BackupException">
    /// QEMU refused a step. Or writes of the guest failed while the backup was open (<see cref="BackupErrorCode.BackupFailed"/>): it is
    /// rolled back anyway, and the message says so.
    /// </exception>
    public async Task<BackupPlan> AbortAsync(CancellationToken cancellationToken = default)
    {
        var plan = await RunAsync(PlanAbortAsync, cancellationToken).ConfigureAwait(false);
        return plan.Harm is null ? plan : throw Harmed(plan.Harm, "The backup is rolled back");
    }

    private async Task<BackupSession> OpenAsync(
        PlanExecutor executor, BackupPlan plan, SessionNote note, CancellationToken cancellationToken)
    {
        try
        {
            await executor.RunAsync(plan, cancellationToken).ConfigureAwait(false);
            var state = await ObserveAsync(ObservationScope.Closing, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            var written = NoteStep.After(note with { Phase = SessionPhase.Open }, executor.Frozen, executor.ThawProblem is not null);
            if (state.Note is { } told && !told.TellsTheSameAs(written))
            {
                throw new BackupException(BackupErrorCode.BackupFailed,
                    $"QEMU does not hold the note of backup {note.Checkpoint} as it was written: somebody has changed it.");
            }

            _own = written;
            return StatusReader.OfNote(state, written) with
            {
                FreezeObstacle = executor.FreezeObstacle,
                FreezeRemedy = executor.FreezeRemedy,
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

    private PlanExecutor NewExecutor(IGuestFreezer? freezer = null) =>
        new(Client, _logger, Options.TimeProvider, Options.Progress, freezer);
}

/// <summary>How <see cref="BackupWorkflow"/> works.</summary>
public sealed record BackupWorkflowOptions
{
    /// <summary>Where log messages go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// More directories to search for scratch folders of earlier backups, as absolute paths. Needed for backups that were opened with
    /// another
    /// <see cref="StartRequest.ScratchDirectory"/>. The default one, those of the VM's images and those that QEMU names are always
    /// searched.
    /// </summary>
    public ImmutableArray<string> ScratchDirectories { get; init; } = [];

    /// <summary>
    /// A folder, made when it is needed and only for this user, in which it is kept what a running QEMU can do. Without it, or where the
    /// process of QEMU cannot be seen, each connection reads QEMU's schema once, which is 200 kB. Null, the default, for none.
    /// </summary>
    public string? CacheFolder { get; init; }

    /// <summary>Creates the freezer for a start that freezes the guest; null if there is no guest agent.</summary>
    public Func<IGuestFreezer>? Freezer { get; init; }

    /// <summary>
    /// Whether a run, a pull or a watch keeps the QMP connection to its end. Otherwise it uses a monitor of its own where QEMU can make one
    /// (11.1), and else connects each time it asks something, so that other clients of the socket get their turn.
    /// </summary>
    public bool HoldsMonitor { get; init; }

    /// <summary>Receives every step before it runs; null for no progress reports.</summary>
    public IProgress<StepProgress>? Progress { get; init; }
}

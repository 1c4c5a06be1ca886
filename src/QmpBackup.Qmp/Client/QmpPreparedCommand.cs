namespace QmpBackup.Qmp;

/// <summary>
/// A command that was sent up to its end: QEMU executes it when it is committed, and never if it is not. While it is open, all other
/// commands of the session wait to be sent, within their own time limits.
/// </summary>
/// <remarks>
/// QEMU reads its monitor byte by byte, which takes milliseconds for a large command. Prepared before, only the end of the command has
/// to be read at the moment that counts. If the session ends, or this process is killed, before the commit, QEMU forgets the command.
/// Disposing an open command discards it.
/// </remarks>
/// <typeparam name="TResult">The type of the answer.</typeparam>
public sealed class QmpPreparedCommand<TResult> : IAsyncDisposable
{
    private readonly QmpClient _client;
    private readonly PendingCommand<TResult> _pending;

    internal QmpPreparedCommand(QmpClient client, PendingCommand<TResult> pending) => (_client, _pending) = (client, pending);

    /// <summary>Has QEMU execute the command and waits for its answer, at most for <see cref="QmpClientOptions.CommandTimeout"/>.</summary>
    /// <param name="cancellationToken">Stops waiting; the command may still be executed.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="QmpCommandException">QEMU answered with an error.</exception>
    /// <exception cref="QmpTimeoutException">QEMU did not answer in time.</exception>
    /// <exception cref="QmpConnectionClosedException">The session ended before the answer came.</exception>
    /// <exception cref="QmpProtocolException">The answer is not of this type.</exception>
    /// <exception cref="InvalidOperationException">The command was committed or discarded before.</exception>
    public Task<TResult> CommitAsync(CancellationToken cancellationToken = default) =>
        _client.CommitAsync(_pending, null, cancellationToken);

    /// <summary>Has QEMU execute the command and waits for its answer, with a time limit.</summary>
    /// <inheritdoc cref="CommitAsync(CancellationToken)"/>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops waiting; the command may still be executed.</param>
    public Task<TResult> CommitAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _client.CommitAsync(_pending, timeout, cancellationToken);

    /// <summary>
    /// Has QEMU drop the command, and waits until it has. If QEMU does not confirm it within 5 seconds, the session is closed, which drops
    /// the command as well. Does nothing after a commit.
    /// </summary>
    /// <returns>A task that completes when the command can no longer be executed.</returns>
    public Task DiscardAsync() => _client.DiscardAsync(_pending);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(DiscardAsync());
}

/// <summary>What the writer and the caller share of a prepared command.</summary>
internal sealed class HeldEnd
{
    // Its continuation runs in the caller of TryDecide: at the commit no other thread has to wake up first.
    private readonly TaskCompletionSource<bool> _decision = new();
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _dropped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isClaimed;

    /// <summary>Completes when all but the end was written.</summary>
    public Task Written => _written.Task;

    /// <summary>Whether the command is to be executed; completes with the decision.</summary>
    public Task<bool> Decision => _decision.Task;

    /// <summary>Completes when QEMU does not know the command any more, or never will.</summary>
    public Task Dropped => _dropped.Task;

    /// <summary>Whether QEMU was told to drop the command: its next error without an id says that it has.</summary>
    public bool IsBeingDropped { get; set; }

    public void OnWritten() => _written.TrySetResult();

    public void OnDropped() => _dropped.TrySetResult();

    /// <summary>Claims the command: for the writer, which then writes it, or for a caller that gives up before that.</summary>
    public bool TryClaim() => Interlocked.CompareExchange(ref _isClaimed, 1, 0) == 0;

    /// <summary>Decides, once.</summary>
    /// <returns>Whether this call decided.</returns>
    public bool TryDecide(bool commits) => _decision.TrySetResult(commits);
}

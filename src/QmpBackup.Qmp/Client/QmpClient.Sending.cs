using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

public sealed partial class QmpClient
{
    private long NextId() => Interlocked.Increment(ref _lastId);

    private async Task<TResult> SendAsync<TResult>(
        QmpRequest request, JsonTypeInfo<TResult> typeInfo, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Durations.ValidateTimeout(timeout, nameof(timeout));
        if (request.OutOfBand && !OutOfBandEnabled)
            throw new InvalidOperationException("Out-of-band commands are not enabled, or this QEMU does not offer them.");
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfClosed(request.Command);

        // Serialized before a place is taken: a fault here would never give the place back.
        var pending = new PendingCommand<TResult>(NextId(), request, typeInfo) { HoldsSlot = !request.OutOfBand };
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        if (pending.HoldsSlot)
            await TakeSlotAsync(request, timeout, limit.Token, cancellationToken).ConfigureAwait(false);

        Enqueue(pending);
        return await WaitForAnswerAsync(pending, timeout, limit.Token, cancellationToken).ConfigureAwait(false);
    }

    private async Task<TResult> WaitForAnswerAsync<TResult>(
        PendingCommand<TResult> pending, TimeSpan timeout, CancellationToken limit, CancellationToken cancellationToken)
    {
        using var slow = WatchForSlowReply(pending);
        try
        {
            return await pending.Task.WaitAsync(limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            if (pending.Task.IsCompleted)
                return await pending.Task.ConfigureAwait(false);
            var sent = !GiveUp(pending);
            cancellationToken.ThrowIfCancellationRequested();
            throw QmpTimeoutException.ForCommand(pending.Name, timeout, sent);
        }
    }

    /// <summary>Waits for one of the <see cref="QmpClientOptions.MaxInFlight"/> places.</summary>
    private async Task TakeSlotAsync(
        QmpRequest request, TimeSpan timeout, CancellationToken limit, CancellationToken cancellationToken)
    {
        if (_slots.Wait(0, CancellationToken.None))
            return;

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, _closing.Token);
            await _slots.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ThrowIfClosed(request.Command);
            cancellationToken.ThrowIfCancellationRequested();
            throw QmpTimeoutException.ForCommand(request.Command, timeout, sent: false);
        }
    }

    private void Enqueue(PendingCommand pending)
    {
        pending.StartTimestamp = _time.GetTimestamp();

        // Registered before it is written: the answer may arrive before the write returns.
        _pending[pending.Id] = pending;
        _outgoing.Writer.TryWrite(pending);

        // Closing and registering race: the second of them sees the first.
        if (CloseReason is { } reason)
            FailPending(pending, reason);
    }

    /// <summary>Stops waiting for a command.</summary>
    /// <returns>Whether it was withdrawn before it was sent. If not, it keeps its place until QEMU answers.</returns>
    private bool GiveUp(PendingCommand pending)
    {
        pending.Abandon();
        if (!pending.TryWithdraw())
            return false;
        Forget(pending);
        return true;
    }

    private void Forget(PendingCommand pending)
    {
        if (_pending.TryRemove(pending.Id, out _) && pending.HoldsSlot)
            _slots.Release();
    }

    private ITimer WatchForSlowReply(PendingCommand pending)
    {
        var threshold = _options.SlowReplyThreshold;
        return _time.CreateTimer(
            state => _logger.SlowReply(_name, pending.Name, pending.Id, threshold.TotalSeconds),
            state: null,
            threshold,
            Timeout.InfiniteTimeSpan);
    }

    private async Task WriteLoopAsync()
    {
        try
        {
            await foreach (var pending in _outgoing.Reader.ReadAllAsync(_closing.Token).ConfigureAwait(false))
            {
                if (pending.End is { } end)
                {
                    await WriteHeldAsync(pending, end).ConfigureAwait(false);
                    continue;
                }

                if (!pending.TryMarkSent())
                    continue;
                _logger.CommandSent(_name, pending.Name, pending.Id);
                LogPayload(pending.Frame.Span, sent: true);
                await WriteAsync(pending.Frame).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (IsClosedByPeer(exception))
        {
            // QEMU may have answered before it closed: let the reader finish.
            await Task.WhenAny(_reading, Task.Delay(DrainTimeout, _time, _closing.Token)).ConfigureAwait(false);
            Close(ClosedByPeer(exception));
        }
        catch (Exception exception)
        {
            Close(new QmpConnectionClosedException(
                QmpCloseCause.TransportError, $"Writing to {_name} failed: {PeerText.Escape(exception.Message)}", exception));
        }
    }
}

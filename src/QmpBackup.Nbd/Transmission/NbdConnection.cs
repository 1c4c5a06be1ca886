using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Handshake;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Transmission;

/// <summary>A connection in the transmission phase: a fixed number of request slots, a sender and a receive loop.</summary>
internal sealed partial class NbdConnection : IAsyncDisposable
{
    private readonly NbdSession _session;
    private readonly NbdClientOptions _options;
    private readonly ILogger _logger;
    private readonly NbdRequest[] _slots;
    private readonly NbdRequest[] _free;
    private readonly Lock _freeGate = new();
    private readonly SemaphoreSlim _permits;
    private readonly ITimer? _timer;
    private Task _receiving = Task.CompletedTask;
    private CloseCause? _cause;
    private CloseCause? _draining;
    private Task? _drain;
    private int _freeCount;

    internal NbdConnection(NbdSession session, NbdClientOptions options, ILogger logger)
    {
        _session = session;
        _options = options;
        _logger = logger;
        _slots = [.. Enumerable.Range(0, options.MaxInFlight).Select(i => new NbdRequest(this, i))];
        _free = [.. _slots];
        _freeCount = _free.Length;
        _permits = new SemaphoreSlim(_free.Length);
        CommandTicks = long.MaxValue / 4;
        if (options.CommandTimeout == Timeout.InfiniteTimeSpan)
            return;
        CommandTicks = (long)(options.CommandTimeout.TotalSeconds * options.TimeProvider.TimestampFrequency);
        var period = TimeSpan.FromMilliseconds(Math.Clamp(options.CommandTimeout.TotalMilliseconds / 8, 5, 1000));
        _timer = options.TimeProvider.CreateTimer(static state => ((NbdConnection)state!).CheckDeadlines(), this, period, period);
    }

    /// <summary>The first reason to close the connection; null while it is open.</summary>
    internal CloseCause? Cause => Volatile.Read(ref _cause);

    internal long CommandTicks { get; }

    internal NbdSession Session => _session;

    /// <summary>Number of requests in flight; approximate.</summary>
    internal int Load => _slots.Length - _permits.CurrentCount;

    internal long Now() => _options.TimeProvider.GetTimestamp();

    internal void Run() => _receiving = Task.Run(ReceiveAsync);

    /// <summary>Sends a request as soon as a slot is free. It allocates nothing if one is free now.</summary>
    internal ValueTask ExecuteAsync(
        NbdCommand command, NbdCommandFlags flags, long offset, long length, in RequestBuffers buffers, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        if (Refusal() is { } refusal)
            return ValueTask.FromException(refusal);
        return _permits.Wait(0, CancellationToken.None)
            ? Rent().Start(command, flags, offset, length, buffers, cancellationToken)
            : ExecuteLaterAsync(command, flags, offset, length, buffers, cancellationToken);
    }

    /// <summary>
    /// Waits until nothing is in flight, sends NBD_CMD_DISC and closes. This happens once, however many callers there are.
    /// </summary>
    internal Task DisconnectAsync(CloseCause cause, CancellationToken cancellationToken)
    {
        Interlocked.CompareExchange(ref _draining, cause, null);
        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = Interlocked.CompareExchange(ref _drain, mine.Task, null);
        if (first is null)
            _ = DrainAsync(cause, mine);
        return (first ?? mine.Task).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        var cause = new CloseCause(NbdCloseReason.Disposed, "The NBD client has been disposed.");
        Interlocked.CompareExchange(ref _draining, cause, null);
        if (Cause is null && Load == 0)
            await SendDisconnectAsync(cause).ConfigureAwait(false);
        Close(cause);
        await _receiving.ConfigureAwait(false);
    }

    internal void Free(NbdRequest request)
    {
        lock (_freeGate)
            _free[_freeCount++] = request;
        _permits.Release();
    }

    /// <summary>Closes the connection and ends all requests in flight. Only the first cause is kept.</summary>
    internal void Close(CloseCause cause)
    {
        if (Interlocked.CompareExchange(ref _cause, cause, null) is not null)
            return;
        _timer?.Dispose();
        _session.Transport.Dispose();
        foreach (var slot in _slots)
            slot.EndClosed(cause);
        // Wakes the callers that wait for a slot: they see the cause.
        _permits.Release(1 << 20);
        if (cause.Reason is NbdCloseReason.Disconnected or NbdCloseReason.Disposed)
            Log.Closed(_logger, cause.Message);
        else
            Log.Lost(_logger, cause.Reason, cause.Message);
    }

    internal NbdTimeoutException CommandTimedOut(NbdRequest request)
    {
        Log.CommandTimedOut(_logger, request.Command, request.Offset, request.Length);
        return new NbdTimeoutException(
            $"{NbdConstants.CommandName(request.Command)} at offset {request.Offset}, length {request.Length}: "
                + $"no answer within {_options.CommandTimeout.TotalSeconds:0.###} s.",
            _options.CommandTimeout);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ExecuteLaterAsync(
        NbdCommand command, NbdCommandFlags flags, long offset, long length, RequestBuffers buffers, CancellationToken cancellationToken)
    {
        await _permits.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (Refusal() is { } refusal)
        {
            _permits.Release();
            throw refusal;
        }

        await Rent().Start(command, flags, offset, length, buffers, cancellationToken).ConfigureAwait(false);
    }

    private NbdException? Refusal() => (Cause ?? Volatile.Read(ref _draining))?.ToException();

    private NbdRequest Rent()
    {
        lock (_freeGate)
            return _free[--_freeCount];
    }

    // Runs only once: two drains would each take a part of the slots and wait for the rest.
    private async Task DrainAsync(CloseCause cause, TaskCompletionSource done)
    {
        try
        {
            for (var i = 0; i < _slots.Length && Cause is null; i++)
                await _permits.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            await SendDisconnectAsync(cause).ConfigureAwait(false);
            done.SetResult();
        }
        catch (Exception e)
        {
            done.SetException(e);
        }
    }

    private void CheckDeadlines()
    {
        var now = Now();
        var stuck = false;
        foreach (var slot in _slots)
            stuck |= slot.CheckDeadline(now, CommandTicks);
        if (stuck)
        {
            Close(new CloseCause(
                NbdCloseReason.TimedOut,
                $"The NBD server has not accepted or answered a request for more than {_options.CommandTimeout.TotalSeconds:0.###} s.",
                null,
                _options.CommandTimeout));
        }
    }

    /// <summary>The specification requires a soft disconnect when the server announces its shutdown.</summary>
    private void DisconnectForShutdown()
    {
        var cause = new CloseCause(NbdCloseReason.ServerShutdown, "The NBD server is shutting down (ESHUTDOWN).");
        if (Interlocked.CompareExchange(ref _draining, cause, null) is null)
            _ = DisconnectAsync(cause, CancellationToken.None);
    }
}

/// <summary>Why a connection closed. Each caller gets its own exception: an exception that is thrown twice loses its stack trace.</summary>
internal sealed record CloseCause(NbdCloseReason Reason, string Message, Exception? Inner = null, TimeSpan Timeout = default)
{
    internal NbdException ToException() => Reason switch
    {
        NbdCloseReason.ProtocolViolation => new NbdProtocolException(Message),
        NbdCloseReason.TimedOut => new NbdTimeoutException(Message, Timeout),
        _ => new NbdConnectionClosedException(Reason, Message, Inner),
    };
}

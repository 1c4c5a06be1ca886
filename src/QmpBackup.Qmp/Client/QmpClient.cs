using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>A QMP session over a socket or any other stream.</summary>
/// <remarks>
/// One task reads and one task writes. A message is always written to its end, so cancelling one call cannot break the session for
/// the others. Disposing the client closes the connection and leaves QEMU running.
/// </remarks>
public sealed partial class QmpClient : IQmpClient
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(5);

    private readonly Stream _stream;
    private readonly Socket? _socket;
    private readonly QmpClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly JsonFrameReader _frames;
    private readonly ConcurrentDictionary<long, PendingCommand> _pending = new();
    private readonly Channel<PendingCommand> _outgoing =
        Channel.CreateUnbounded<PendingCommand>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<QmpGreeting> _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _negotiated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ImmutableArray<QmpEventSubscription> _subscriptions = [];
    private QmpConnectionClosedException? _closeReason;
    private QmpGreeting? _greeting;
    private int _repeatedGreetings;
    private Task _reading = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;
    private long _lastId;

    private QmpClient(Stream stream, Socket? socket, string name, QmpClientOptions options)
    {
        (_stream, _socket) = (stream, socket);
        _options = options;
        _time = options.TimeProvider;
        _logger = options.LoggerFactory.CreateLogger<QmpClient>();
        _name = options.Name ?? name;
        _frames = new JsonFrameReader(stream, options.MaxMessageSize, options.MaxDepth);
        _slots = new SemaphoreSlim(options.MaxInFlight);
        PeerCredentials = socket is null ? null : UnixPeerCredentials.TryGet(socket);
    }

    /// <inheritdoc/>
    public QmpGreeting Greeting => _greeting!;

    /// <inheritdoc/>
    public Task Completion => _completion.Task;

    /// <inheritdoc/>
    public QmpConnectionClosedException? CloseReason => Volatile.Read(ref _closeReason);

    /// <inheritdoc/>
    public UnixPeerCredentials? PeerCredentials { get; }

    /// <summary>Whether out-of-band commands were negotiated.</summary>
    public bool OutOfBandEnabled { get; private set; }

    /// <inheritdoc/>
    public Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<TResult> ExecuteAsync<TResult>(
        QmpRequest<TResult> request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return SendAsync(request, request.ResultTypeInfo, timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return SendAsync(request, QmpClientJsonContext.Default.JsonElement, timeout, cancellationToken);
    }

    /// <inheritdoc/>
    public QmpEventSubscription Subscribe(params string[] eventNames) => AddSubscription(null, eventNames);

    /// <inheritdoc/>
    public QmpEventSubscription Subscribe(Func<QmpEvent, bool> wanted, params string[] eventNames)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        return AddSubscription(wanted, eventNames);
    }

    private QmpEventSubscription AddSubscription(Func<QmpEvent, bool>? wanted, string[] eventNames)
    {
        ArgumentNullException.ThrowIfNull(eventNames);
        var capacity = _options.EventBufferSize;
        var subscription = new QmpEventSubscription(
            eventNames, wanted, capacity, _time, Unsubscribe, () => _logger.EventsDropped(_name, capacity));
        ImmutableInterlocked.Update(ref _subscriptions, static (list, item) => list.Add(item), subscription);

        // Closing and subscribing race: the second of them sees the first.
        if (CloseReason is { } reason)
            subscription.End(reason);
        return subscription;
    }

    /// <summary>
    /// Ends the session and closes the connection. Pending calls end with a <see cref="QmpConnectionClosedException"/>.
    /// </summary>
    /// <returns>A task that completes when the connection is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        Close(new QmpConnectionClosedException(QmpCloseCause.Disposed, $"The client closed the connection to {_name}."));
        try
        {
            // A stream of the caller may ignore cancellation and even disposal. This is about real I/O, so it uses the system clock.
            await Task.WhenAll(_reading, _writing).WaitAsync(DisposeTimeout).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // All callers have their result. The two tasks end when the stream lets them.
        }
    }

    private void Unsubscribe(QmpEventSubscription subscription) =>
        ImmutableInterlocked.Update(ref _subscriptions, static (list, item) => list.Remove(item), subscription);

    private void Close(QmpConnectionClosedException reason)
    {
        if (Interlocked.CompareExchange(ref _closeReason, reason, null) is not null)
            return;

        _logger.Closed(reason.Cause == QmpCloseCause.Disposed ? LogLevel.Information : LogLevel.Warning, _name, reason.Message);
        _outgoing.Writer.TryComplete();
        foreach (var pending in _pending.Values)
            FailPending(pending, reason);
        foreach (var subscription in ImmutableInterlocked.InterlockedExchange(ref _subscriptions, []))
            subscription.End(reason);
        if (_greeted.TrySetException(reason))
            _ = _greeted.Task.Exception;
        if (_negotiated.TrySetException(reason))
            _ = _negotiated.Task.Exception;
        _closing.Cancel();
        EndHeld();
        _completion.TrySetResult();
        CloseStream();
    }

    /// <summary>Closes the stream, which also ends reads and writes that ignore cancellation.</summary>
    private void CloseStream()
    {
        try
        {
            _stream.Dispose();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The stream is not used any more.
        }
    }

    private QmpConnectionClosedException ClosedByPeer(Exception? exception = null) =>
        new(QmpCloseCause.ClosedByPeer, $"{_name} closed the connection.", exception);

    private static bool IsClosedByPeer(Exception exception) =>
        (exception as SocketException ?? exception.InnerException as SocketException)?.SocketErrorCode
            is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private void FailPending(PendingCommand pending, QmpConnectionClosedException reason)
    {
        if (!_pending.TryRemove(pending.Id, out _))
            return;
        var sent = !pending.TryWithdraw() && pending.WasSent;
        pending.Fail(reason.ForCommand(pending.Name, sent));
    }

    private void ThrowIfClosed(string command)
    {
        if (CloseReason is { } reason)
            throw reason.ForCommand(command, sent: false);
    }
}

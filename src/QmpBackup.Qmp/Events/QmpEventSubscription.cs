using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace QmpBackup.Qmp;

/// <summary>The events of one session since the subscription, in order, for one reader.</summary>
/// <remarks>
/// <para>
/// Subscribe before you send the command that causes the events: an event may come before the answer to the command.
/// </para>
/// <para>
/// The subscription holds at most <see cref="QmpClientOptions.EventBufferSize"/> unread events and at most 16 MiB of them, or one larger
/// event. When it is full it drops the oldest and counts them in <see cref="DroppedCount"/>: the newest events say most about the
/// current state. A slow reader never blocks the session.
/// </para>
/// <para>
/// Reading ends after the last event when the session or the subscription has ended. If the subscription or the client was disposed,
/// it ends without an exception. If the connection was lost, it ends with a <see cref="QmpConnectionClosedException"/>.
/// </para>
/// </remarks>
public sealed class QmpEventSubscription : IAsyncEnumerable<QmpEvent>, IAsyncDisposable
{
    // An event of QEMU has a few hundred bytes: only a hostile peer reaches this limit.
    private const long MaxBytes = 16 * 1024 * 1024;

    private readonly ChannelReader<QmpEvent> _reader;
    private readonly Channel<QmpEvent>? _channel;
    private readonly FrozenSet<string>? _names;
    private readonly Func<QmpEvent, bool>? _wanted;
    private readonly TimeProvider _timeProvider;
    private readonly Action<QmpEventSubscription>? _onDispose;
    private readonly Action? _onFirstDrop;
    private QmpConnectionClosedException? _closeReason;
    private long _dropped;
    private long _bytes;

    /// <summary>Creates a subscription from any source of events, for other implementations of <see cref="IQmpClient"/>.</summary>
    /// <param name="events">The source. When it completes, the subscription ends, with the exception of the source if it has one.</param>
    /// <param name="timeProvider">The clock for time limits; null for the system clock.</param>
    public QmpEventSubscription(ChannelReader<QmpEvent> events, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        _reader = events;
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    internal QmpEventSubscription(
        IReadOnlyCollection<string> names,
        Func<QmpEvent, bool>? wanted,
        int capacity,
        TimeProvider timeProvider,
        Action<QmpEventSubscription> onDispose,
        Action onFirstDrop)
    {
        _names = names.Count == 0 ? null : names.ToFrozenSet(StringComparer.Ordinal);
        _wanted = wanted;
        _timeProvider = timeProvider;
        _onDispose = onDispose;
        _onFirstDrop = onFirstDrop;
        _channel = Channel.CreateBounded<QmpEvent>(
            new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = true },
            CountDropped);
        _reader = _channel.Reader;
    }

    /// <summary>How many events were dropped because the subscription was full.</summary>
    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <summary>Reads the events one by one.</summary>
    /// <param name="cancellationToken">Stops reading; unread events stay for the next reader.</param>
    /// <returns>The events, until the subscription ends.</returns>
    /// <exception cref="QmpConnectionClosedException">The connection was lost.</exception>
    public async IAsyncEnumerator<QmpEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await _reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (TryRead(out var item))
                yield return item;
        }

        if (Volatile.Read(ref _closeReason) is { Cause: not QmpCloseCause.Disposed } reason)
            throw reason.ForSubscription();
    }

    /// <summary>Takes the next event, if there is one.</summary>
    /// <param name="item">The event, or null.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryRead([NotNullWhen(true)] out QmpEvent? item)
    {
        if (!_reader.TryRead(out item))
            return false;
        Interlocked.Add(ref _bytes, -item.Size);
        return true;
    }

    /// <summary>Waits for the first event that matches. Events before it are read and dropped.</summary>
    /// <param name="predicate">Whether an event matches.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The event.</returns>
    /// <exception cref="QmpConnectionClosedException">The subscription ended before such an event came.</exception>
    public async Task<QmpEvent> WaitForEventAsync(Func<QmpEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        await foreach (var item in this.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (predicate(item))
                return item;
        }

        throw Volatile.Read(ref _closeReason)?.ForSubscription()
            ?? new QmpConnectionClosedException(QmpCloseCause.Disposed, "The subscription was disposed.");
    }

    /// <summary>Waits for the first event that matches, with a time limit. Events before it are read and dropped.</summary>
    /// <param name="predicate">Whether an event matches.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The event.</returns>
    /// <exception cref="QmpTimeoutException">No such event came in time.</exception>
    /// <exception cref="QmpConnectionClosedException">The subscription ended before such an event came.</exception>
    public async Task<QmpEvent> WaitForEventAsync(
        Func<QmpEvent, bool> predicate, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var deadline = new CancellationTokenSource(timeout, _timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await WaitForEventAsync(predicate, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (linked.IsCancellationRequested)
        {
            if (cancellationToken.IsCancellationRequested)
                throw new OperationCanceledException(exception.Message, exception, cancellationToken);
            var names = _names is null ? string.Empty : string.Join(" or ", _names.Order(StringComparer.Ordinal)) + " ";
            throw new QmpTimeoutException($"No matching {names}event came within {Durations.Text(timeout)}.", timeout);
        }
    }

    /// <summary>Ends the subscription. A reader can still read the events that have arrived.</summary>
    /// <returns>A completed task.</returns>
    public ValueTask DisposeAsync()
    {
        _channel?.Writer.TryComplete();
        _onDispose?.Invoke(this);
        return ValueTask.CompletedTask;
    }

    internal bool Wants(string name) => _names is null || _names.Contains(name);

    internal void Publish(QmpEvent item)
    {
        if (_channel is null || _wanted?.Invoke(item) == false)
            return;
        var held = Interlocked.Add(ref _bytes, item.Size);
        while (held > MaxBytes && _channel.Reader.TryRead(out var oldest))
        {
            CountDropped(oldest);
            held = Interlocked.Read(ref _bytes);
        }

        if (!_channel.Writer.TryWrite(item))
            Interlocked.Add(ref _bytes, -item.Size);
    }

    internal void End(QmpConnectionClosedException reason)
    {
        Interlocked.CompareExchange(ref _closeReason, reason, null);
        _channel?.Writer.TryComplete();
    }

    private void CountDropped(QmpEvent item)
    {
        Interlocked.Add(ref _bytes, -item.Size);
        if (Interlocked.Increment(ref _dropped) == 1)
            _onFirstDrop?.Invoke();
    }
}

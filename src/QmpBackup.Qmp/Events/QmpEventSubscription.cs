using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace QmpBackup.Qmp;

/// <summary>The events of one session from the moment of subscribing, in order, to be read by one reader.</summary>
/// <remarks>
/// <para>
/// Subscribe before sending the command whose events matter: an event may come before the command's own answer.
/// </para>
/// <para>
/// The subscription holds up to <see cref="QmpClientOptions.EventBufferSize"/> events that nobody has read, and not more than
/// 16 MiB of them, a single larger one excepted. When it is full the oldest are dropped and counted in <see cref="DroppedCount"/>,
/// for the newest tell more of the present state; a slow reader never holds up the session.
/// </para>
/// <para>
/// Reading ends when everything that arrived has been read and the session or the subscription has ended: quietly when the
/// subscription or the client was disposed, and with a <see cref="QmpConnectionClosedException"/> when the connection was lost.
/// </para>
/// </remarks>
public sealed class QmpEventSubscription : IAsyncEnumerable<QmpEvent>, IAsyncDisposable
{
    // QEMU's events have some hundred bytes: only a peer that means harm comes here.
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

    /// <summary>Makes a subscription out of any source of events, for other implementations of <see cref="IQmpClient"/>.</summary>
    /// <param name="events">The source. When it completes the subscription ends, with the source's exception if it has one.</param>
    /// <param name="timeProvider">The clock for time limits; null for the system's.</param>
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

    /// <summary>How many events were dropped because they were not read in time.</summary>
    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <summary>Reads the events one by one.</summary>
    /// <param name="cancellationToken">Ends the reading; unread events stay for the next reader.</param>
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

    /// <summary>Takes the next event if one has arrived.</summary>
    /// <param name="item">The event, or null.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryRead([NotNullWhen(true)] out QmpEvent? item)
    {
        if (!_reader.TryRead(out item))
            return false;
        Interlocked.Add(ref _bytes, -item.Size);
        return true;
    }

    /// <summary>Waits for the first event that fits. Those before it are read and forgotten.</summary>
    /// <param name="predicate">What fits.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
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

    /// <summary>Waits for the first event that fits, for a limited time. Those before it are read and forgotten.</summary>
    /// <param name="predicate">What fits.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
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
            var names = _names is null ? "event" : string.Join(" or ", _names.Order(StringComparer.Ordinal));
            throw new QmpTimeoutException($"The {names} that was waited for did not come within {Durations.Text(timeout)}.", timeout);
        }
    }

    /// <summary>Ends the subscription. What was not read is still there for a reader under way.</summary>
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

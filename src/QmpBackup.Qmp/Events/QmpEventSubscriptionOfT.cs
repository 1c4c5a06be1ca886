using System.Diagnostics.CodeAnalysis;

namespace QmpBackup.Qmp;

/// <summary>An event and its data.</summary>
/// <typeparam name="TData">The record of the data, such as <c>BlockJobCompletedEvent</c>.</typeparam>
/// <param name="Data">The data.</param>
/// <param name="Timestamp">When it happened, by the clock of QEMU's host, in microseconds; null when QEMU does not know.</param>
public sealed record QmpEvent<TData>(TData Data, DateTimeOffset? Timestamp);

/// <summary>The events of one type since the subscription, in order, for one reader.</summary>
/// <typeparam name="TData">The record of the data, such as <c>BlockJobCompletedEvent</c>.</typeparam>
/// <remarks>It holds and drops events as a <see cref="QmpEventSubscription"/> does.</remarks>
public sealed class QmpEventSubscription<TData> : IAsyncEnumerable<QmpEvent<TData>>, IAsyncDisposable
    where TData : class, IQapiEvent<TData>
{
    private readonly QmpEventSubscription _events;

    internal QmpEventSubscription(QmpEventSubscription events) => _events = events;

    /// <inheritdoc cref="QmpEventSubscription.DroppedCount"/>
    public long DroppedCount => _events.DroppedCount;

    /// <summary>Reads the events one by one.</summary>
    /// <param name="cancellationToken">Stops reading; unread events stay for the next reader.</param>
    /// <returns>The events, until the subscription ends.</returns>
    /// <exception cref="QmpConnectionClosedException">The connection was lost.</exception>
    /// <exception cref="QmpProtocolException">The data of an event does not have this type.</exception>
    public async IAsyncEnumerator<QmpEvent<TData>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var item in _events.WithCancellation(cancellationToken).ConfigureAwait(false))
            yield return Typed(item);
    }

    /// <summary>Takes the next event, if there is one.</summary>
    /// <param name="item">The event, or null.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="QmpProtocolException">The data of the event does not have this type.</exception>
    public bool TryRead([NotNullWhen(true)] out QmpEvent<TData>? item)
    {
        item = _events.TryRead(out var next) ? Typed(next) : null;
        return item is not null;
    }

    /// <summary>Waits for the first event that matches. Events before it are read and dropped.</summary>
    /// <param name="predicate">Whether the data of an event matches.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The event.</returns>
    /// <exception cref="QmpConnectionClosedException">The subscription ended before such an event came.</exception>
    /// <exception cref="QmpProtocolException">The data of an event does not have this type.</exception>
    public async Task<QmpEvent<TData>> WaitForEventAsync(
        Func<TData, bool> predicate, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        var found = await _events.WaitForEventAsync(item => predicate(item.GetData<TData>()), cancellationToken).ConfigureAwait(false);
        return Typed(found);
    }

    /// <summary>Waits for the first event that matches, with a time limit. Events before it are read and dropped.</summary>
    /// <param name="predicate">Whether the data of an event matches.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The event.</returns>
    /// <exception cref="QmpTimeoutException">No such event came in time.</exception>
    /// <exception cref="QmpConnectionClosedException">The subscription ended before such an event came.</exception>
    /// <exception cref="QmpProtocolException">The data of an event does not have this type.</exception>
    public async Task<QmpEvent<TData>> WaitForEventAsync(
        Func<TData, bool> predicate, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        var found = await _events.WaitForEventAsync(item => predicate(item.GetData<TData>()), timeout, cancellationToken)
            .ConfigureAwait(false);
        return Typed(found);
    }

    /// <summary>Ends the subscription. A reader can still read the events that have arrived.</summary>
    /// <returns>A completed task.</returns>
    public ValueTask DisposeAsync() => _events.DisposeAsync();

    private static QmpEvent<TData> Typed(QmpEvent item) => new(item.GetData<TData>(), item.Timestamp);
}

using System.Runtime.CompilerServices;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>A QMP session: sends commands, waits for their answers and delivers events. Thread-safe.</summary>
/// <remarks>
/// A session that has ended cannot be reopened. Open a new one and query the state of QEMU again: events in between are lost.
/// </remarks>
public interface IQmpClient : IAsyncDisposable
{
    /// <summary>The greeting of QEMU at the start of the session: its version and capabilities.</summary>
    QmpGreeting Greeting { get; }

    /// <summary>
    /// Completes when the session has ended, whatever the reason. It never faults; <see cref="CloseReason"/> has the reason.
    /// </summary>
    Task Completion { get; }

    /// <summary>Why the session ended, or null while it is open. The first reason is kept.</summary>
    QmpConnectionClosedException? CloseReason => null;

    /// <summary>The process at the other end of a unix socket, or null when it is unknown.</summary>
    UnixPeerCredentials? PeerCredentials => null;

    /// <summary>Sends a command and waits for its answer, at most for <see cref="QmpClientOptions.CommandTimeout"/>.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command.</param>
    /// <param name="cancellationToken">
    /// Stops waiting. A command that is not sent yet will not be sent; one that was sent may still be executed.
    /// </param>
    /// <returns>The answer.</returns>
    /// <exception cref="QmpCommandException">QEMU answered with an error.</exception>
    /// <exception cref="QmpTimeoutException">QEMU did not answer in time.</exception>
    /// <exception cref="QmpConnectionClosedException">The session ended before the answer came.</exception>
    /// <exception cref="QmpProtocolException">The answer is not of this type.</exception>
    Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, CancellationToken cancellationToken = default);

    /// <summary>Sends a command and waits for its answer, with a time limit.</summary>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)"/>
    /// <param name="request">The command.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a command and waits for its answer as JSON, at most for <see cref="QmpClientOptions.CommandTimeout"/>.
    /// </summary>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    /// <param name="request">The command.</param>
    /// <param name="cancellationToken">
    /// Stops waiting. A command that is not sent yet will not be sent; one that was sent may still be executed.
    /// </param>
    /// <returns>The value of <c>return</c>. It is a copy and stays valid.</returns>
    Task<JsonElement> ExecuteAsync(QmpRequest request, CancellationToken cancellationToken = default);

    /// <summary>Sends a command and waits for its answer as JSON, with a time limit.</summary>
    /// <inheritdoc cref="ExecuteAsync(QmpRequest, CancellationToken)"/>
    /// <param name="request">The command.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    Task<JsonElement> ExecuteAsync(QmpRequest request, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a command up to its end, which is held back until <see cref="QmpPreparedCommand{TResult}.CommitAsync(CancellationToken)"/>.
    /// Waits until QEMU has read it where that can be seen (a unix socket on Linux), at most for
    /// <see cref="QmpClientOptions.CommandTimeout"/>.
    /// </summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command; not one that is sent out of band.</param>
    /// <param name="cancellationToken">Stops it; the command will not be executed.</param>
    /// <returns>The open command. Commit it, discard it, or dispose it: until then all other commands wait.</returns>
    /// <exception cref="QmpTimeoutException">QEMU did not read the command in time. It will not be executed.</exception>
    /// <exception cref="QmpConnectionClosedException">The session ended. The command will not be executed.</exception>
    Task<QmpPreparedCommand<TResult>> PrepareAsync<TResult>(
        QmpRequest<TResult> request, CancellationToken cancellationToken = default);

    /// <summary>Prepares a command whose answer is read as JSON.</summary>
    /// <inheritdoc cref="PrepareAsync{TResult}(QmpRequest{TResult}, CancellationToken)"/>
    /// <param name="request">The command; not one that is sent out of band.</param>
    /// <param name="cancellationToken">Stops it; the command will not be executed.</param>
    Task<QmpPreparedCommand<JsonElement>> PrepareAsync(QmpRequest request, CancellationToken cancellationToken = default);

    /// <summary>Subscribes to events. Dispose the subscription when you no longer need it.</summary>
    /// <param name="eventNames">The names of the events, such as <c>JOB_STATUS_CHANGE</c>; none for all events.</param>
    /// <returns>The subscription. If the session has ended, the subscription has ended too.</returns>
    QmpEventSubscription Subscribe(params string[] eventNames);

    /// <summary>
    /// Subscribes to the events that a filter accepts. All others are dropped when they arrive, so that a flood of them takes no room
    /// in the buffer. Dispose the subscription when you no longer need it.
    /// </summary>
    /// <param name="wanted">
    /// The filter: whether the subscription takes this event. It runs on the task that reads from QEMU, so it must be quick and must not
    /// throw.
    /// </param>
    /// <param name="eventNames">The names of the events, such as <c>JOB_STATUS_CHANGE</c>; none for all events.</param>
    /// <returns>The subscription. If the session has ended, the subscription has ended too.</returns>
    QmpEventSubscription Subscribe(Func<QmpEvent, bool> wanted, params string[] eventNames);
}

/// <summary>Convenience methods for a session.</summary>
public static class QmpClientExtensions
{
    /// <summary>Subscribes to the events of one type. Dispose the subscription when you no longer need it.</summary>
    /// <typeparam name="TData">The record of the data, such as <c>BlockJobCompletedEvent</c>.</typeparam>
    /// <param name="client">The session.</param>
    /// <returns>The subscription.</returns>
    public static QmpEventSubscription<TData> Subscribe<TData>(this IQmpClient client)
        where TData : class, IQapiEvent<TData> => new(client.ThrowIfNull().Subscribe(TData.EventName));

    internal static IQmpClient ThrowIfNull(
        this IQmpClient client, [CallerArgumentExpression(nameof(client))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(client, name);
        return client;
    }

    internal static GuestAgentClient ThrowIfNull(
        this GuestAgentClient client, [CallerArgumentExpression(nameof(client))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(client, name);
        return client;
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>A QMP session: sends commands, waits for their answers, hands out events. Safe for use by many threads.</summary>
/// <remarks>A session that has ended stays ended. Open a new one and ask QEMU anew for its state; events in between are lost.</remarks>
public interface IQmpClient : IAsyncDisposable
{
    /// <summary>What QEMU said of itself when the session began.</summary>
    QmpGreeting Greeting { get; }

    /// <summary>Completes when the session has ended, for whatever reason; it never faults. <see cref="CloseReason"/> says why.</summary>
    Task Completion { get; }

    /// <summary>Why the session ended, or null while it goes on. The first reason stays.</summary>
    QmpConnectionClosedException? CloseReason => null;

    /// <summary>Who listens at the other end of a unix socket, or null when that cannot be told.</summary>
    UnixPeerCredentials? PeerCredentials => null;

    /// <summary>Sends a command and waits for its answer, for as long as <see cref="QmpClientOptions.CommandTimeout"/>.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command.</param>
    /// <param name="cancellationToken">
    /// Stops the waiting. A command that was not yet sent is then not sent; one that was sent may still be carried out.
    /// </param>
    /// <returns>The answer.</returns>
    /// <exception cref="QmpCommandException">QEMU answered with an error.</exception>
    /// <exception cref="QmpTimeoutException">QEMU did not answer in time.</exception>
    /// <exception cref="QmpConnectionClosedException">The session ended before the answer came.</exception>
    /// <exception cref="QmpProtocolException">The answer is not of this type.</exception>
    Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, CancellationToken cancellationToken = default);

    /// <summary>Sends a command and waits for its answer, for a limited time.</summary>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)"/>
    /// <param name="request">The command.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends a command and waits for its answer as it came, for as long as <see cref="QmpClientOptions.CommandTimeout"/>.
    /// </summary>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    /// <param name="request">The command.</param>
    /// <param name="cancellationToken">
    /// Stops the waiting. A command that was not yet sent is then not sent; one that was sent may still be carried out.
    /// </param>
    /// <returns>The value of <c>return</c>. It stays valid for as long as it is held.</returns>
    Task<JsonElement> ExecuteAsync(QmpRequest request, CancellationToken cancellationToken = default);

    /// <summary>Sends a command and waits for its answer as it came, for a limited time.</summary>
    /// <inheritdoc cref="ExecuteAsync(QmpRequest, CancellationToken)"/>
    /// <param name="request">The command.</param>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    Task<JsonElement> ExecuteAsync(QmpRequest request, TimeSpan timeout, CancellationToken cancellationToken = default);

    /// <summary>Begins to collect events. Dispose the subscription when it is no longer needed.</summary>
    /// <param name="eventNames">The events wanted, such as <c>JOB_STATUS_CHANGE</c>; none for all.</param>
    /// <returns>The subscription. On a session that has ended it is one that has ended with it.</returns>
    QmpEventSubscription Subscribe(params string[] eventNames);

    /// <summary>Begins to collect those events that matter: what does not is dropped as it comes, so that a flood of it takes no room. Dispose the subscription when it is no longer needed.</summary>
    /// <param name="wanted">Whether an event matters. It is called as the event comes in, holds up everything else, and must not throw.</param>
    /// <param name="eventNames">The events wanted, such as <c>JOB_STATUS_CHANGE</c>; none for all.</param>
    /// <returns>The subscription. On a session that has ended it is one that has ended with it.</returns>
    QmpEventSubscription Subscribe(Func<QmpEvent, bool> wanted, params string[] eventNames);
}

/// <summary>Shorter ways to use a session.</summary>
public static class QmpClientExtensions
{
    /// <summary>Begins to collect events of certain kinds. Dispose the subscription when it is no longer needed.</summary>
    /// <param name="client">The session.</param>
    /// <param name="eventTypes">The kinds of events, from <see cref="QmpEvents"/>; none for all.</param>
    /// <returns>The subscription.</returns>
    public static QmpEventSubscription Subscribe(this IQmpClient client, params QmpEventType[] eventTypes)
    {
        ArgumentNullException.ThrowIfNull(eventTypes);
        return client.ThrowIfNull().Subscribe(Array.ConvertAll(eventTypes, static type => type.Name));
    }

    internal static IQmpClient ThrowIfNull(
        this IQmpClient client, [CallerArgumentExpression(nameof(client))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(client, name);
        return client;
    }
}

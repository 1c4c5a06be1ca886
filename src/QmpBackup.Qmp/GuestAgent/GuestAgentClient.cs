using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp;

/// <summary>A client of the QEMU guest agent, over the socket of the agent's port.</summary>
/// <remarks>
/// <para>The client sends one command at a time; further calls wait, within their own time limits. Before the first command, and after
/// every timeout, cancellation or unexpected message, it synchronizes with the agent (<c>0xFF</c> and <c>guest-sync-delimited</c>). So a
/// late answer is dropped and is never taken for the answer to another command. If the connection is lost, the next command opens a new
/// one. A command that was sent is never sent again.</para>
/// <para>The agent runs in the guest and is not trusted: size, depth and time are limited, and its text is escaped in messages. Its
/// answers are returned as they are: check them before you use them as paths, and escape them before you print them.</para>
/// <para>A port serves one client at a time. A second client can open the socket, but gets no answer.</para>
/// </remarks>
public sealed partial class GuestAgentClient : IAsyncDisposable
{
    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(5);

    private readonly Func<CancellationToken, Task<Stream>> _openStream;
    private readonly GuestAgentOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _closing = new();
    private AgentChannel? _channel;
    private bool _synchronized;
    private GuestAgentInfo? _info;
    private bool _infoRefused;
    private bool _connectedBefore;

    private GuestAgentClient(
        string address, QmpEndpoint? endpoint, Func<CancellationToken, Task<Stream>> openStream, GuestAgentOptions options)
    {
        Name = options.Name ?? address;
        Endpoint = endpoint;
        _openStream = openStream;
        _options = options;
        _time = options.TimeProvider;
        _logger = options.LoggerFactory.CreateLogger<GuestAgentClient>();
    }

    /// <summary>The name of the connection in logs and messages.</summary>
    public string Name { get; }

    /// <summary>The endpoint of the agent's port; null when the client uses a stream.</summary>
    public QmpEndpoint? Endpoint { get; }

    internal GuestAgentOptions Options => _options;

    internal ILogger Logger => _logger;

    /// <summary>Creates a client that connects at its first command.</summary>
    /// <param name="endpoint">The socket that QEMU opened for the agent's port.</param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <returns>The client, not yet connected.</returns>
    public static GuestAgentClient Create(QmpEndpoint endpoint, GuestAgentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        options ??= GuestAgentOptions.Default;
        options.Validate();
        return new(endpoint.ToString(), endpoint, OpenSocketAsync, options);

        async Task<Stream> OpenSocketAsync(CancellationToken cancellationToken)
        {
            var socket = await SocketConnector.ConnectAsync(endpoint, options.ConnectTimeout, options.TimeProvider, cancellationToken)
                .ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }

    /// <summary>Creates a client that uses a stream of the caller, such as a tunnel, and connects at its first command.</summary>
    /// <param name="openStream">
    /// Opens a stream to the agent's port, which can be read and written at the same time. The client calls it again whenever it needs a
    /// new connection, and owns the streams.
    /// </param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <returns>The client, not yet connected.</returns>
    public static GuestAgentClient Create(Func<CancellationToken, Task<Stream>> openStream, GuestAgentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(openStream);
        options ??= GuestAgentOptions.Default;
        options.Validate();
        return new("the guest agent's stream", endpoint: null, openStream, options);
    }

    /// <summary>Connects to an agent and synchronizes with it.</summary>
    /// <param name="endpoint">The socket that QEMU opened for the agent's port.</param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The client, connected to an agent that answers.</returns>
    /// <exception cref="GuestAgentUnavailableException">
    /// No agent answers; <see cref="GuestAgentUnavailableException.Reason"/> says why.
    /// </exception>
    /// <exception cref="GuestAgentProtocolException">The peer is not a guest agent, or sends more data than allowed.</exception>
    public static Task<GuestAgentClient> ConnectAsync(
        QmpEndpoint endpoint, GuestAgentOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(Create(endpoint, options), cancellationToken);

    /// <summary>Connects to an agent over a stream and synchronizes with it.</summary>
    /// <param name="openStream">
    /// Opens a stream to the agent's port, which can be read and written at the same time. The client calls it again whenever it needs a
    /// new connection, and owns the streams.
    /// </param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The client, connected to an agent that answers.</returns>
    /// <exception cref="GuestAgentUnavailableException">
    /// No agent answers; <see cref="GuestAgentUnavailableException.Reason"/> says why.
    /// </exception>
    /// <exception cref="GuestAgentProtocolException">The peer is not a guest agent, or sends more data than allowed.</exception>
    public static Task<GuestAgentClient> ConnectAsync(
        Func<CancellationToken, Task<Stream>> openStream,
        GuestAgentOptions? options = null,
        CancellationToken cancellationToken = default) =>
        StartAsync(Create(openStream, options), cancellationToken);

    /// <summary>Executes a typed command.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command, from <see cref="GuestAgentCommands"/> or a <see cref="QmpCommand{TResult}"/> of your own.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>
    /// The answer. For a command that does not answer on success, such as <c>guest-shutdown</c>, the call returns when it is sent.
    /// </returns>
    /// <exception cref="GuestAgentCommandException">The agent refused the command.</exception>
    /// <exception cref="GuestAgentCommandUnavailableException">The agent does not have the command, or does not allow it now.</exception>
    /// <exception cref="GuestAgentUnavailableException">No agent answers, or the connection was lost.</exception>
    /// <exception cref="GuestAgentTimeoutException">The agent did not answer in time.</exception>
    /// <exception cref="GuestAgentProtocolException">The answer of the agent is not valid.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed.</exception>
    public Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <summary>Executes a typed command, with a time limit for this call.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command, from <see cref="GuestAgentCommands"/> or a <see cref="QmpCommand{TResult}"/> of your own.</param>
    /// <param name="timeout">
    /// The time limit, with connecting and synchronizing; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>
    /// The answer. For a command that does not answer on success, such as <c>guest-shutdown</c>, the call returns when it is sent.
    /// </returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<TResult> ExecuteAsync<TResult>(
        QmpRequest<TResult> request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallAsync(new AgentCall(request, timeout), request.ResultTypeInfo, cancellationToken);
    }

    /// <summary>Executes any command, also one that this library has no type for.</summary>
    /// <param name="request">The command, from <see cref="QmpRequest.Raw"/>.</param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The value of <c>return</c>; an empty object for a command that does not answer on success.</returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <summary>Executes any command, with a time limit for this call.</summary>
    /// <param name="request">The command, from <see cref="QmpRequest.Raw"/>.</param>
    /// <param name="timeout">
    /// The time limit, with connecting and synchronizing; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </param>
    /// <param name="cancellationToken">Stops waiting; a command that was sent may still be executed.</param>
    /// <returns>The value of <c>return</c>; an empty object for a command that does not answer on success.</returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallAsync(new AgentCall(request, timeout), QapiJson.Any, cancellationToken);
    }

    /// <summary>
    /// Closes the connection. A pending call ends with an <see cref="ObjectDisposedException"/>; the agent may still execute its command.
    /// </summary>
    /// <returns>A task that completes when the connection is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        if (_closing.IsCancellationRequested)
            return;
        await _closing.CancelAsync().ConfigureAwait(false);

        // A pending call is cancelled now and ends. A stream factory that ignores cancellation is not waited for longer.
        if (await _turn.WaitAsync(DisposeTimeout).ConfigureAwait(false))
        {
            Drop();
            _turn.Release();
        }
    }

    private static async Task<GuestAgentClient> StartAsync(GuestAgentClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.SynchronizeAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}

using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

/// <summary>A client of a QEMU guest agent over the socket of its port.</summary>
/// <remarks>
/// <para>One command is with the agent at a time; further calls wait in line, within their own time limits. Before the first command,
/// and after every time limit, cancellation or oddity, the agent is synchronised (<c>0xFF</c> and <c>guest-sync-delimited</c>): late
/// answers are thrown away and can never be taken for those of another command. A connection that was lost is opened anew by the
/// next command; a command that was sent is never sent again.</para>
/// <para>The agent lives in the guest and is not trusted: sizes, depth and time are bounded and its text is escaped in messages.
/// What it answers is handed out as it is: check it before it becomes a path, and escape it before it reaches a terminal.</para>
/// <para>A port serves one client. To a second one the socket opens and nothing comes.</para>
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

    /// <summary>What the connection is called in logs and messages.</summary>
    public string Name { get; }

    /// <summary>Where the agent's port listens; null over a stream.</summary>
    public QmpEndpoint? Endpoint { get; }

    internal GuestAgentOptions Options => _options;

    internal ILogger Logger => _logger;

    /// <summary>Makes a client that connects when its first command is called.</summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <returns>The client, not connected.</returns>
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

    /// <summary>Makes a client over streams of someone else's, such as a tunnel, that connects when its first command is called.</summary>
    /// <param name="openStream">
    /// Opens a stream to the agent's port, readable and writable at the same time. Called again whenever the one before is of no more
    /// use. The client owns what it returns.
    /// </param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <returns>The client, not connected.</returns>
    public static GuestAgentClient Create(Func<CancellationToken, Task<Stream>> openStream, GuestAgentOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(openStream);
        options ??= GuestAgentOptions.Default;
        options.Validate();
        return new("the guest agent's stream", endpoint: null, openStream, options);
    }

    /// <summary>Connects to an agent and synchronises with it.</summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The client of an agent that answers.</returns>
    /// <exception cref="GuestAgentUnavailableException">Nobody answers; its reason says why.</exception>
    /// <exception cref="GuestAgentProtocolException">Something answers that is no guest agent, or sends without end.</exception>
    public static Task<GuestAgentClient> ConnectAsync(
        QmpEndpoint endpoint, GuestAgentOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(Create(endpoint, options), cancellationToken);

    /// <summary>Connects to an agent over a stream and synchronises with it.</summary>
    /// <param name="openStream">
    /// Opens a stream to the agent's port, readable and writable at the same time. Called again whenever the one before is of no more
    /// use. The client owns what it returns.
    /// </param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The client of an agent that answers.</returns>
    /// <exception cref="GuestAgentUnavailableException">Nobody answers; its reason says why.</exception>
    /// <exception cref="GuestAgentProtocolException">Something answers that is no guest agent, or sends without end.</exception>
    public static Task<GuestAgentClient> ConnectAsync(
        Func<CancellationToken, Task<Stream>> openStream, GuestAgentOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(Create(openStream, options), cancellationToken);

    /// <summary>Executes a typed command.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command, from <see cref="GuestAgentCommands"/> or a <see cref="QmpCommand{TResult}"/> of your own.</param>
    /// <param name="cancellationToken">Stops the waiting; a command that was sent may still be carried out.</param>
    /// <returns>The answer. A command without an answer of success, such as <c>guest-shutdown</c>, returns when it is sent.</returns>
    /// <exception cref="GuestAgentCommandException">The agent refused the command.</exception>
    /// <exception cref="GuestAgentCommandUnavailableException">The agent does not have the command, or not now.</exception>
    /// <exception cref="GuestAgentUnavailableException">Nobody answers, or the connection was lost.</exception>
    /// <exception cref="GuestAgentTimeoutException">The agent did not answer in time.</exception>
    /// <exception cref="GuestAgentProtocolException">The agent's answer is no answer.</exception>
    /// <exception cref="ObjectDisposedException">The client is disposed.</exception>
    public Task<TResult> ExecuteAsync<TResult>(QmpRequest<TResult> request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <summary>Executes a typed command with a time limit of its own.</summary>
    /// <typeparam name="TResult">The type of the answer.</typeparam>
    /// <param name="request">The command, from <see cref="GuestAgentCommands"/> or a <see cref="QmpCommand{TResult}"/> of your own.</param>
    /// <param name="timeout">How long it may take, connecting and synchronising included; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops the waiting; a command that was sent may still be carried out.</param>
    /// <returns>The answer. A command without an answer of success, such as <c>guest-shutdown</c>, returns when it is sent.</returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<TResult> ExecuteAsync<TResult>(
        QmpRequest<TResult> request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallAsync(new AgentCall(request, timeout), request.ResultTypeInfo, cancellationToken);
    }

    /// <summary>Executes any command: the way to what this library has no type for.</summary>
    /// <param name="request">The command, from <see cref="QmpRequest.Raw"/>.</param>
    /// <param name="cancellationToken">Stops the waiting; a command that was sent may still be carried out.</param>
    /// <returns>The value of <c>return</c>; an empty object for a command without an answer of success.</returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, CancellationToken cancellationToken = default) =>
        ExecuteAsync(request, _options.CommandTimeout, cancellationToken);

    /// <summary>Executes any command with a time limit of its own.</summary>
    /// <param name="request">The command, from <see cref="QmpRequest.Raw"/>.</param>
    /// <param name="timeout">How long it may take, connecting and synchronising included; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Stops the waiting; a command that was sent may still be carried out.</param>
    /// <returns>The value of <c>return</c>; an empty object for a command without an answer of success.</returns>
    /// <inheritdoc cref="ExecuteAsync{TResult}(QmpRequest{TResult}, CancellationToken)" path="/exception"/>
    public Task<JsonElement> ExecuteAsync(QmpRequest request, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return CallAsync(new AgentCall(request, timeout), GuestAgentJsonContext.Default.JsonElement, cancellationToken);
    }

    /// <summary>Closes the connection. A call under way ends with an <see cref="ObjectDisposedException"/>; what it sent may still be carried out.</summary>
    /// <returns>A task that completes when the connection is closed.</returns>
    public async ValueTask DisposeAsync()
    {
        if (_closing.IsCancellationRequested)
            return;
        await _closing.CancelAsync().ConfigureAwait(false);

        // Whoever has the turn is told by now and gives it back; a factory that heeds nothing is not waited for longer.
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

using System.Net.Sockets;
using System.Text.Json;

namespace QmpBackup.Qmp;

public sealed partial class QmpClient
{
    private const int MaxRepeatedGreetings = 16;

    internal static readonly QmpCommand<QmpCapabilitiesArguments, QmpVoid> CapabilitiesCommand =
        new("qmp_capabilities", QmpClientJsonContext.Default.QmpCapabilitiesArguments, QmpClientJsonContext.Default.QmpVoid);

    /// <summary>Opens a session.</summary>
    /// <param name="endpoint">Where QEMU's QMP monitor listens.</param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session, ready for commands.</returns>
    /// <exception cref="QmpConnectException">No session came about; its reason says why.</exception>
    public static async Task<QmpClient> ConnectAsync(
        QmpEndpoint endpoint, QmpClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        options ??= QmpClientOptions.Default;
        options.Validate();
        var socket = await SocketConnector.ConnectAsync(endpoint, options.ConnectTimeout, options.TimeProvider, cancellationToken)
            .ConfigureAwait(false);
        var credentials = UnixPeerCredentials.TryGet(socket);
        var client = new QmpClient(new NetworkStream(socket, ownsSocket: true), endpoint.ToString(), credentials, options);
        return await StartAsync(client, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a session over a stream that is already connected to a QMP server: a tunnel, TLS, a proxy.</summary>
    /// <param name="stream">The stream, readable and writable at the same time. The client owns it from here on, even on failure.</param>
    /// <param name="options">How the client behaves; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session, ready for commands.</returns>
    /// <exception cref="QmpConnectException">No session came about; its reason says why.</exception>
    public static Task<QmpClient> ConnectAsync(
        Stream stream, QmpClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= QmpClientOptions.Default;
        options.Validate();
        return StartAsync(new QmpClient(stream, "the QMP stream", peerCredentials: null, options), cancellationToken);
    }

    private static async Task<QmpClient> StartAsync(QmpClient client, CancellationToken cancellationToken)
    {
        client._reading = Task.Run(client.ReadLoopAsync, CancellationToken.None);
        client._writing = Task.Run(client.WriteLoopAsync, CancellationToken.None);
        try
        {
            await client.HandshakeAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task HandshakeAsync(CancellationToken cancellationToken)
    {
        await WaitForAsync(
            _greeted.Task,
            _options.GreetingTimeout,
            QmpConnectFailure.NoGreeting,
            $"{_name} accepted the connection and sent no greeting within {Durations.Text(_options.GreetingTimeout)}. "
            + SocketConnector.SilentMonitor,
            cancellationToken).ConfigureAwait(false);
        await WaitForAsync(
            _negotiated.Task,
            _options.NegotiationTimeout,
            QmpConnectFailure.Negotiation,
            $"{_name} greeted and then did not answer qmp_capabilities within {Durations.Text(_options.NegotiationTimeout)}. "
            + "QEMU may be stopped or hung.",
            cancellationToken).ConfigureAwait(false);
        _logger.Connected(_name, Greeting.Version.ToString());
    }

    private async Task WaitForAsync(
        Task step, TimeSpan timeout, QmpConnectFailure failure, string timeoutMessage, CancellationToken cancellationToken)
    {
        try
        {
            await step.WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            throw new QmpConnectException(failure, timeoutMessage, exception);
        }
        catch (QmpConnectionClosedException exception)
        {
            var notQmp = failure == QmpConnectFailure.NoGreeting && exception.Cause == QmpCloseCause.ProtocolError;
            throw new QmpConnectException(
                notQmp ? QmpConnectFailure.NotQmp : failure,
                notQmp
                    ? $"{_name} is no QMP monitor. {exception.Message}"
                    : $"{_name} ended the connection before the session was ready. {exception.Message}",
                exception);
        }
        catch (QmpCommandException exception)
        {
            throw new QmpConnectException(
                QmpConnectFailure.Negotiation, $"{_name} refused the capabilities negotiation. {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Answers a greeting. QEMU greets anew when its socket is opened anew behind its back (a race at start-up), and then expects
    /// the negotiation anew, too.
    /// </summary>
    private void OnGreeting(ReadOnlySpan<byte> payload)
    {
        if (_greeting is null)
        {
            var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = _options.MaxDepth });
            _greeting = JsonSerializer.Deserialize(ref reader, QmpClientJsonContext.Default.QmpGreeting)
                ?? throw new UnexpectedJsonException("The greeting is null.");
            OutOfBandEnabled = _options.EnableOutOfBand && _greeting.Capabilities.Contains("oob", StringComparer.Ordinal);
            _greeted.TrySetResult(_greeting);
        }
        else
        {
            // Each is answered, and the answer held until QEMU takes it: that must have an end.
            if (++_repeatedGreetings > MaxRepeatedGreetings)
                throw new UnexpectedJsonException($"It greeted more than {MaxRepeatedGreetings} times.");
            _logger.RepeatedGreeting(_name);
        }

        _ = NegotiateAsync();
    }

    private async Task NegotiateAsync()
    {
        var request = OutOfBandEnabled
            ? CapabilitiesCommand.With(new QmpCapabilitiesArguments { Enable = ["oob"] })
            : CapabilitiesCommand.With(new QmpCapabilitiesArguments());
        try
        {
            var pending = new PendingCommand<QmpVoid>(NextId(), request, QmpClientJsonContext.Default.QmpVoid);
            Enqueue(pending);
            await pending.Task.ConfigureAwait(false);
            _negotiated.TrySetResult();
        }
        catch (QmpCommandException exception) when (exception.ErrorClass == QmpErrorClass.CommandNotFound)
        {
            // The negotiation was already over: two greetings may have come before the first answer.
            _negotiated.TrySetResult();
        }
        catch (QmpException exception)
        {
            if (_negotiated.TrySetException(exception))
                _ = _negotiated.Task.Exception;
        }
    }
}

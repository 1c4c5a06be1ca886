using System.Net.Sockets;
using System.Text.Json;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Qmp;

public sealed partial class QmpClient
{
    private const int MaxRepeatedGreetings = 16;

    /// <summary>Connects to a QMP monitor and opens a session.</summary>
    /// <param name="endpoint">Where QEMU's QMP monitor listens.</param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The session, after the handshake.</returns>
    /// <exception cref="QmpConnectException">
    /// The session could not be opened; <see cref="QmpConnectException.Reason"/> has the cause.
    /// </exception>
    public static async Task<QmpClient> ConnectAsync(
        QmpEndpoint endpoint, QmpClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        options ??= QmpClientOptions.Default;
        options.Validate();
        var socket = await SocketConnector.ConnectAsync(endpoint, options.ConnectTimeout, options.TimeProvider, cancellationToken)
            .ConfigureAwait(false);
        var client = new QmpClient(new NetworkStream(socket, ownsSocket: true), socket, endpoint.ToString(), options);
        return await StartAsync(client, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a session over a stream that is already connected to a QMP server: a tunnel, TLS, a proxy.</summary>
    /// <param name="stream">
    /// The stream, which can be read and written at the same time. The client owns it from then on, even on failure.
    /// </param>
    /// <param name="options">The options of the client; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The session, after the handshake.</returns>
    /// <exception cref="QmpConnectException">
    /// The session could not be opened; <see cref="QmpConnectException.Reason"/> has the cause.
    /// </exception>
    public static Task<QmpClient> ConnectAsync(
        Stream stream, QmpClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= QmpClientOptions.Default;
        options.Validate();
        return StartAsync(new QmpClient(stream, socket: null, "the QMP stream", options), cancellationToken);
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
            $"{_name} accepted the connection but sent no greeting within {Durations.Text(_options.GreetingTimeout)}. "
            + SocketConnector.SilentMonitor,
            cancellationToken).ConfigureAwait(false);
        await WaitForAsync(
            _negotiated.Task,
            _options.NegotiationTimeout,
            QmpConnectFailure.Negotiation,
            $"{_name} sent a greeting but did not answer qmp_capabilities within {Durations.Text(_options.NegotiationTimeout)}. "
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
                    ? $"{_name} is not a QMP monitor. {exception.Message}"
                    : $"{_name} closed the connection before the session was ready. {exception.Message}",
                exception);
        }
        catch (QmpCommandException exception)
        {
            throw new QmpConnectException(
                QmpConnectFailure.Negotiation, $"{_name} refused the capabilities negotiation. {exception.Message}", exception);
        }
    }

    /// <summary>
    /// Answers a greeting. QEMU greets again when its socket is opened a second time (a race at its start), and then expects the
    /// negotiation again.
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
            // Each greeting is answered, and the answers are held until QEMU reads them: that needs a limit.
            if (++_repeatedGreetings > MaxRepeatedGreetings)
                throw new UnexpectedJsonException($"It sent more than {MaxRepeatedGreetings} greetings.");
            _logger.RepeatedGreeting(_name);
        }

        _ = NegotiateAsync();
    }

    private async Task NegotiateAsync()
    {
        var request = OutOfBandEnabled
            ? ControlCommands.QmpCapabilities.With(new QmpCapabilitiesArguments { Enable = [QMPCapability.Oob] })
            : ControlCommands.QmpCapabilities.With(new QmpCapabilitiesArguments());
        try
        {
            var pending = new PendingCommand<QmpVoid>(NextId(), request, QmpClientJsonContext.Default.QmpVoid);
            Enqueue(pending);
            await pending.Task.ConfigureAwait(false);
            _negotiated.TrySetResult();
        }
        catch (QmpCommandException exception) when (exception.ErrorClass == QmpErrorClass.CommandNotFound)
        {
            // The negotiation is already done: two greetings may come before the first answer.
            _negotiated.TrySetResult();
        }
        catch (QmpException exception)
        {
            if (_negotiated.TrySetException(exception))
                _ = _negotiated.Task.Exception;
        }
    }
}

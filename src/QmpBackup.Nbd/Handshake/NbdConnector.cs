using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Handshake;

/// <summary>The result of a handshake: a transport in the transmission phase.</summary>
internal sealed record NbdSession(
    NbdTransport Transport,
    ReceiveBuffer Input,
    NbdReplyMode ReplyMode,
    NbdExportInfo Export,
    IReadOnlyList<NbdMetaContext> MetaContexts,
    bool IsEncrypted);

/// <summary>Connects and performs a handshake, each within its time limit.</summary>
internal static class NbdConnector
{
    /// <param name="target">The server and export.</param>
    /// <param name="options">Time limits and what to negotiate.</param>
    /// <param name="logger">The log of the client.</param>
    /// <param name="step">The handshake after the greeting.</param>
    /// <param name="keep">True if the result uses the connection; false to close it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <param name="elapsed">
    /// The part of <see cref="NbdClientOptions.HandshakeTimeout"/> that earlier connections of the client have used.
    /// </param>
    internal static async Task<T> RunAsync<T>(
        NbdTarget target, NbdClientOptions options, ILogger logger, Func<NbdHandshake, CancellationToken, Task<T>> step, bool keep,
        CancellationToken cancellationToken, TimeSpan elapsed = default)
    {
        var transport = await SocketConnector.ConnectAsync(target, options, logger, cancellationToken).ConfigureAwait(false);
        var handshake = new NbdHandshake(transport, target, options, logger);
        var done = false;
        using var timeout = new CancellationTokenSource(Remaining(options.HandshakeTimeout, elapsed), options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        // Sending accepts no token: disposing the transport ends it.
        var registration = both.Token.UnsafeRegister(static state => ((NbdHandshake)state!).Transport.Dispose(), handshake);
        try
        {
            await handshake.GreetAsync(both.Token).ConfigureAwait(false);
            var result = await step(handshake, both.Token).ConfigureAwait(false);
            await registration.DisposeAsync().ConfigureAwait(false);
            both.Token.ThrowIfCancellationRequested();
            done = true;
            return result;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (timeout.IsCancellationRequested && e is not NbdException)
        {
            throw new NbdTimeoutException(
                $"The NBD server at {target} did not finish the handshake within {options.HandshakeTimeout.TotalSeconds:0.###} s.",
                options.HandshakeTimeout);
        }
        catch (NbdViolationException e)
        {
            throw new NbdProtocolException($"The NBD server at {target} broke the protocol: {e.Message}");
        }
        catch (Exception e) when (e is EndOfStreamException or SocketException or IOException or ObjectDisposedException)
        {
            throw new NbdConnectException(
                NbdConnectFailure.ClosedByServer, $"The NBD server at {target} closed the connection during the handshake.", e);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
            if (!done || !keep)
                handshake.Transport.Dispose();
        }
    }

    private static TimeSpan Remaining(TimeSpan limit, TimeSpan elapsed) =>
        limit == Timeout.InfiniteTimeSpan ? limit : limit > elapsed ? limit - elapsed : TimeSpan.Zero;
}

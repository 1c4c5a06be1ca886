using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Transport;
using QmpBackup.Nbd.Wire;

namespace QmpBackup.Nbd.Handshake;

/// <summary>Opens the socket and shakes hands, each within its time.</summary>
internal static class NbdConnector
{
    internal static async Task<T> RunAsync<T>(
        NbdTarget target, NbdClientOptions options, ILogger logger, Func<NbdHandshake, CancellationToken, Task<T>> step, bool keep, CancellationToken cancellationToken,
        TimeSpan spent = default)
    {
        var transport = target.Stream is { } stream ? new StreamTransport(stream) : await ConnectAsync(target, options, logger, cancellationToken).ConfigureAwait(false);
        var handshake = new NbdHandshake(transport, target, options, logger);
        var done = false;
        using var timeout = new CancellationTokenSource(Left(options.HandshakeTimeout, spent), options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        // Sending takes no token; a transport that is gone sends no longer.
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
            throw new NbdTimeoutException($"The NBD server at {target} did not finish the handshake within {options.HandshakeTimeout.TotalSeconds:0.###} s.", options.HandshakeTimeout);
        }
        catch (NbdViolationException e)
        {
            throw new NbdProtocolException($"The NBD server at {target} broke the protocol: {e.Message}");
        }
        catch (Exception e) when (e is EndOfStreamException or SocketException or IOException or ObjectDisposedException)
        {
            throw new NbdConnectException(NbdConnectFailure.ClosedByServer, $"The NBD server at {target} closed the connection during the handshake.", e);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
            if (!done || !keep)
                handshake.Transport.Dispose();
        }
    }

    private static TimeSpan Left(TimeSpan limit, TimeSpan spent) =>
        limit == Timeout.InfiniteTimeSpan ? limit : limit > spent ? limit - spent : TimeSpan.Zero;

    private static async Task<NbdTransport> ConnectAsync(NbdTarget target, NbdClientOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        Log.Connecting(logger, target.ToString());
        var endpoint = target.Endpoint!;
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Socket? socket = null;
        try
        {
            if (endpoint.SocketPath is { } path)
            {
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), both.Token).ConfigureAwait(false);
                if (options.ServerProcess is { } wanted && PeerProcess.Of(socket) is { } found && found != wanted)
                    throw new NbdConnectException(NbdConnectFailure.OtherProcess, $"Process {found} listens at {target}, and not process {wanted}.");
            }
            else
            {
                socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                await socket.ConnectAsync(endpoint.Host!, endpoint.Port, both.Token).ConfigureAwait(false);
            }

            var connected = new SocketTransport(socket);
            socket = null;
            return connected;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NbdTimeoutException($"The NBD server at {target} did not accept a connection within {options.ConnectTimeout.TotalSeconds:0.###} s.", options.ConnectTimeout);
        }
        catch (SocketException e)
        {
            var reason = Reason(endpoint, e);
            throw new NbdConnectException(reason, $"No connection to the NBD server at {target}: {Text(reason, e)}.", e);
        }
        catch (ArgumentException e)
        {
            // A socket path is limited to 107 bytes or so.
            throw new NbdConnectException(NbdConnectFailure.Other, $"No connection to the NBD server at {target}: the path of its socket is too long, or is no path.", e);
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static string Text(NbdConnectFailure reason, SocketException exception) => reason switch
    {
        NbdConnectFailure.NotFound => "there is no such socket",
        NbdConnectFailure.Refused => "nothing listens there",
        NbdConnectFailure.HostNotFound => "the host is unknown",
        NbdConnectFailure.PermissionDenied => "this user may not open it",
        _ => exception.Message.TrimEnd('.'),
    };

    private static NbdConnectFailure Reason(NbdEndpoint endpoint, SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => NbdConnectFailure.Refused,
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => NbdConnectFailure.HostNotFound,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => NbdConnectFailure.Unreachable,
        SocketError.AccessDenied => NbdConnectFailure.PermissionDenied,
        _ when endpoint.SocketPath is { Length: > 0 } path && path[0] != '\0' && !File.Exists(path) => NbdConnectFailure.NotFound,
        _ => NbdConnectFailure.Other,
    };
}

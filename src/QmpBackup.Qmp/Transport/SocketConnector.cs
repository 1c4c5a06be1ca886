using System.Net.Sockets;

namespace QmpBackup.Qmp;

/// <summary>Opens the socket of an endpoint, and explains a failure.</summary>
internal static class SocketConnector
{
    public static async Task<Socket> ConnectAsync(
        QmpEndpoint endpoint, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var socket = endpoint switch
        {
            UnixEndpoint => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
            TcpEndpoint => new Socket(SocketType.Stream, ProtocolType.Tcp),
            _ => throw new ArgumentException($"Unknown kind of endpoint: {endpoint}", nameof(endpoint)),
        };
        using var deadline = new CancellationTokenSource(timeout, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            if (endpoint is TcpEndpoint tcp)
            {
                socket.NoDelay = true;
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                await socket.ConnectAsync(tcp.Host, tcp.Port, linked.Token).ConfigureAwait(false);
            }
            else
            {
                var address = new UnixDomainSocketEndPoint(((UnixEndpoint)endpoint).Path);
                await socket.ConnectAsync(address, linked.Token).ConfigureAwait(false);
            }

            return socket;
        }
        catch (OperationCanceledException exception)
        {
            socket.Dispose();
            if (cancellationToken.IsCancellationRequested)
                throw new OperationCanceledException(exception.Message, exception, cancellationToken);
            throw new QmpConnectException(
                QmpConnectFailure.Timeout,
                $"Could not connect to {endpoint} within {Durations.Text(timeout)}. "
                + "The host may be down, or a firewall may drop the packets.",
                exception);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            (var reason, var message) = Explain(endpoint, exception);
            throw new QmpConnectException(reason, message, exception);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static (QmpConnectFailure Reason, string Message) Explain(QmpEndpoint endpoint, SocketException exception) =>
        endpoint is UnixEndpoint unix ? ExplainUnix(unix, exception) : ExplainTcp(endpoint, exception);

    private static (QmpConnectFailure Reason, string Message) ExplainUnix(UnixEndpoint endpoint, SocketException exception)
    {
        switch (exception.SocketErrorCode)
        {
            case SocketError.AccessDenied:
                return (QmpConnectFailure.PermissionDenied,
                    $"No permission to open {endpoint}. Run as the user of the VM or as root, or give this user access to the socket.");
            case SocketError.ConnectionRefused when Directory.Exists(endpoint.Path):
                return (QmpConnectFailure.Refused, $"{endpoint} is a directory, not a socket.");
            case SocketError.ConnectionRefused:
                return (QmpConnectFailure.Refused,
                    $"Nothing listens on {endpoint}. QEMU may have ended and left its socket behind, or the file is not a socket.");
            case SocketError.WouldBlock:
                return (QmpConnectFailure.NoGreeting,
                    $"The queue of connections waiting at {endpoint} is full. {SilentMonitor}");
            default:
                return File.Exists(endpoint.Path)
                    ? (QmpConnectFailure.Unreachable, $"Could not connect to {endpoint}: {exception.Message}")
                    : (QmpConnectFailure.NotFound,
                        $"There is no socket at {endpoint}. Is the VM running, with -qmp {endpoint},server=on,wait=off?");
        }
    }

    private static (QmpConnectFailure Reason, string Message) ExplainTcp(QmpEndpoint endpoint, SocketException exception) =>
        exception.SocketErrorCode switch
        {
            SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                (QmpConnectFailure.NotFound, $"The host of {endpoint} is unknown."),
            SocketError.ConnectionRefused =>
                (QmpConnectFailure.Refused, $"Nothing listens on {endpoint}. Is the VM running, with its QMP monitor on this port?"),
            SocketError.TimedOut =>
                (QmpConnectFailure.Timeout, $"{endpoint} did not answer. The host may be down, or a firewall may drop the packets."),
            SocketError.AccessDenied =>
                (QmpConnectFailure.PermissionDenied, $"No permission to connect to {endpoint}."),
            _ => (QmpConnectFailure.Unreachable, $"Could not connect to {endpoint}: {exception.Message}"),
        };

    public const string SilentMonitor =
        "The monitor is in use by another client (it serves one at a time), or QEMU is stopped or hung.";
}

using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Transport;

/// <summary>Opens the socket of a server within <see cref="NbdClientOptions.ConnectTimeout"/>.</summary>
internal static class SocketConnector
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    internal static async Task<NbdTransport> ConnectAsync(
        NbdTarget target, NbdClientOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        if (target.Stream is { } stream)
            return new StreamTransport(stream);
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
                CheckProcess(socket, target, options.ServerProcess);
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
            throw new NbdTimeoutException(
                $"The NBD server at {target} did not accept a connection within {options.ConnectTimeout.TotalSeconds:0.###} s.",
                options.ConnectTimeout);
        }
        catch (SocketException e)
        {
            var reason = Reason(endpoint, e);
            throw new NbdConnectException(reason, $"No connection to the NBD server at {target}: {Text(reason, e)}.", e);
        }
        catch (ArgumentException e)
        {
            // A socket path is limited to about 107 bytes.
            throw new NbdConnectException(
                NbdConnectFailure.Other,
                $"No connection to the NBD server at {target}: the path of its socket is too long or is not a path.",
                e);
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static void CheckProcess(Socket socket, NbdTarget target, int? expected)
    {
        if (expected is not null && ProcessAtOtherEnd(socket) is { } found && found != expected)
        {
            throw new NbdConnectException(
                NbdConnectFailure.OtherProcess, $"Process {found} listens at {target}, not process {expected}.");
        }
    }

    /// <summary>
    /// The id of the process that listens, from the kernel. Null where it is unknown; 0 for a process of an invisible namespace.
    /// </summary>
    private static int? ProcessAtOtherEnd(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        // struct ucred { pid_t pid; uid_t uid; gid_t gid; } in native byte order.
        Span<int> credentials = stackalloc int[3];
        try
        {
            var bytes = MemoryMarshal.AsBytes(credentials);
            return socket.GetRawSocketOption(SolSocket, SoPeerCred, bytes) == bytes.Length ? credentials[0] : null;
        }
        catch (SocketException)
        {
            return null;
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

/// <summary>The server and export to connect to, and the TLS to require there.</summary>
internal sealed record NbdTarget(
    NbdEndpoint? Endpoint, Stream? Stream, string ExportName, NbdTlsMode TlsMode, string? TlsHost, bool? VerifyPeer)
{
    internal static NbdTarget From(NbdUri uri, NbdClientOptions options)
    {
        if (uri.RequiresTls && options.TlsMode is NbdTlsMode.Disable or NbdTlsMode.Allow)
            throw new ArgumentException("The URI requires TLS; the option TlsMode cannot disable it.", nameof(options));
        var mode = options.TlsMode == NbdTlsMode.FromUri ? uri.RequiresTls ? NbdTlsMode.Require : NbdTlsMode.Disable : options.TlsMode;
        if (mode != NbdTlsMode.Disable && uri.TlsType is { } type and not "x509")
            throw new NbdConnectException(NbdConnectFailure.NotSupported, $"tls-type={type} is not supported: only x509 is.");
        var host = options.Tls?.TargetHost ?? uri.TlsHostname ?? uri.Endpoint.Host;
        return new NbdTarget(uri.Endpoint, null, uri.ExportName, mode, host, uri.TlsVerifyPeer);
    }

    public override string ToString() => Endpoint is null ? "the given stream" : EscapedText.From(Endpoint.ToString());
}

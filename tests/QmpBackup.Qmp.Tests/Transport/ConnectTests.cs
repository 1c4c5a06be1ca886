using System.Net;
using System.Net.Sockets;

namespace QmpBackup.Qmp.Tests;

public sealed class ConnectTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("qmp-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact(Timeout = 30_000)]
    public async Task A_missing_socket_is_not_found()
    {
        var token = TestContext.Current.CancellationToken;
        (await FailAsync(new UnixEndpoint(Path.Combine(_directory, "q")), token)).Reason.Should().Be(QmpConnectFailure.NotFound);
        (await FailAsync(new UnixEndpoint(Path.Combine(_directory, "no", "q")), token)).Reason.Should().Be(QmpConnectFailure.NotFound);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_socket_without_a_listener_a_file_and_a_directory_refuse()
    {
        var token = TestContext.Current.CancellationToken;
        var stale = Path.Combine(_directory, "stale");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            socket.Bind(new UnixDomainSocketEndPoint(stale));
        if (File.Exists(stale))
            (await FailAsync(new UnixEndpoint(stale), token)).Reason.Should().Be(QmpConnectFailure.Refused);

        var file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "x", token);
        var error = await FailAsync(new UnixEndpoint(file), token);
        error.Reason.Should().Be(QmpConnectFailure.Refused);
        error.Message.Should().Be($"Nothing listens on unix:{file}. QEMU may have ended and left its socket behind, or the file is not a socket.");
        (await FailAsync(new UnixEndpoint(_directory), token)).Message.Should().EndWith("is a directory, not a socket.");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_TCP_port_without_a_listener_and_an_unknown_host_are_reported()
    {
        var token = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        (await FailAsync(new TcpEndpoint("127.0.0.1", port), token)).Reason.Should().Be(QmpConnectFailure.Refused);
        (await FailAsync(new TcpEndpoint("no-such-host.invalid", 4444), token)).Reason.Should().Be(QmpConnectFailure.NotFound);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_full_queue_of_clients_is_reported_as_a_busy_monitor()
    {
        var token = TestContext.Current.CancellationToken;
        var path = Path.Combine(_directory, "q");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(0);
        var waiting = new List<Socket>();
        try
        {
            while (waiting.Count < 64)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
                waiting.Add(socket);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
            }

            Assert.Fail("The queue never filled up.");
        }
        catch (SocketException)
        {
            (await FailAsync(new UnixEndpoint(path), token)).Reason.Should().Be(QmpConnectFailure.NoGreeting);
        }
        finally
        {
            waiting.ForEach(socket => socket.Dispose());
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_session_over_tcp_and_over_a_unix_socket_works()
    {
        var token = TestContext.Current.CancellationToken;
        using var tcp = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        var path = Path.Combine(_directory, "q");
        using var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unix.Bind(new UnixDomainSocketEndPoint(path));

        foreach ((var listener, var endpoint) in new (Socket, QmpEndpoint)[]
        {
            (tcp, new TcpEndpoint("::1", ((IPEndPoint)tcp.LocalEndPoint!).Port)),
            (unix, new UnixEndpoint(path)),
        })
        {
            listener.Listen();
            var connecting = QmpClient.ConnectAsync(endpoint, cancellationToken: token);
            using var accepted = await listener.AcceptAsync(token);
            await using var server = new FakeQmpServer(new NetworkStream(accepted));
            await server.HandshakeAsync(token);
            await using var client = await connecting;

            (client.PeerCredentials?.ProcessId).Should().Be(endpoint is UnixEndpoint ? Environment.ProcessId : null);
            server.Close();
            accepted.Close();
            await client.Completion;
            client.CloseReason!.Message.Should().StartWith(endpoint.ToString());
        }
    }

    private static async Task<QmpConnectException> FailAsync(QmpEndpoint endpoint, CancellationToken token)
    {
        Func<Task> connect = () => QmpClient.ConnectAsync(endpoint, cancellationToken: token);
        var error = (await connect.Should().ThrowAsync<QmpConnectException>()).Which;
        error.Message.Should().EndWithEquivalentOf(error.Message).And.NotContain("\n");
        return error;
    }
}

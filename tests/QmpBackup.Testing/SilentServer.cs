using System.Net.Sockets;

namespace QmpBackup.Testing;

/// <summary>Accepts connections, sends what it was given (nothing, by default) and then stays silent with the connection open.</summary>
public class SilentServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly byte[] _opening;
    private readonly bool _closeAfterwards;
    private readonly List<Socket> _clients = [];
    private readonly Task _accepting;
    private int _connections;

    /// <summary>Listens at a unix path.</summary>
    public SilentServer(string path)
        : this(path, [], false)
    {
    }

    private protected SilentServer(string path, byte[] opening, bool closeAfterwards)
    {
        Path = path;
        _opening = opening;
        _closeAfterwards = closeAfterwards;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(8);
        _accepting = AcceptLoopAsync();
    }

    /// <summary>The socket.</summary>
    public string Path { get; }

    /// <summary>The endpoint for --qmp.</summary>
    public string Endpoint => "unix:" + Path;

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Closes everything.</summary>
    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var client in _clients)
            client.Dispose();
        File.Delete(Path);
        GC.SuppressFinalize(this);
    }

    private async Task AcceptLoopAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync();
                Interlocked.Increment(ref _connections);
                _clients.Add(client);
                try
                {
                    for (var sent = 0; sent < _opening.Length;)
                        sent += await client.SendAsync(_opening.AsMemory(sent));
                }
                catch (SocketException)
                {
                    // The client left before it had everything.
                }

                if (_closeAfterwards)
                    client.Dispose();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}

using System.Net.Sockets;

namespace QmpBackup.Testing;

/// <summary>
/// Takes the place of a unix socket and passes bytes on in both directions until the test asks or the server has sent enough: then it
/// cuts every connection, or lets nothing through while all stay open.
/// </summary>
public sealed class NbdProxy : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _upstream;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly List<Socket> _open = [];
    private readonly List<Task> _running = [];
    private readonly Task _accepting;
    private readonly TaskCompletionSource _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _stall;
    private long _left;
    private bool _done;

    private NbdProxy(string path, long bytes, bool stall)
    {
        (_path, _left, _stall) = (path, bytes, stall);
        _upstream = path + ".real";
        File.Move(path, _upstream);
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(32);
        _accepting = AcceptLoopAsync();
    }

    /// <summary>Completes when the connections are cut or stalled.</summary>
    public Task Happened => _happened.Task;

    /// <summary>Cuts every connection when the server has sent this many bytes. Later connections are passed on unchanged.</summary>
    /// <param name="path">The server's socket, which is moved away.</param>
    /// <param name="bytes">How many.</param>
    public static NbdProxy CutAfter(string path, long bytes) => new(path, bytes, stall: false);

    /// <summary>Stalls every connection without a cut when the server has sent this many bytes.</summary>
    /// <inheritdoc cref="CutAfter"/>
    public static NbdProxy StallAfter(string path, long bytes) => new(path, bytes, stall: true);

    /// <summary>Lets bytes through again after a stall.</summary>
    public void Resume() => _resumed.TrySetResult();

    /// <summary>Cuts everything and moves the server's socket back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Dispose();
        Cut();
        await _accepting;
        await Task.WhenAll(_running);
        _closing.Dispose();
        File.Delete(_path);
        if (File.Exists(_upstream))
            File.Move(_upstream, _path);
    }

    private async Task AcceptLoopAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_closing.Token);
                var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                lock (_lock)
                {
                    _open.Add(client);
                    _open.Add(server);
                }

                await server.ConnectAsync(new UnixDomainSocketEndPoint(_upstream), _closing.Token);
                _running.Add(PassAsync(client, server, counted: false));
                _running.Add(PassAsync(server, client, counted: true));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed, or the server is gone.
        }
    }

    private async Task PassAsync(Socket from, Socket to, bool counted)
    {
        await Task.Yield();
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var read = await from.ReceiveAsync(buffer, _closing.Token);
                if (read == 0 || (counted && !Take(read)))
                    break;
                if (_stall && _happened.Task.IsCompleted)
                    await _resumed.Task.WaitAsync(_closing.Token);
                await to.SendAsync(buffer.AsMemory(0, read), _closing.Token);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }

        from.Dispose();
        to.Dispose();
    }

    private bool Take(int bytes)
    {
        lock (_lock)
        {
            _left -= bytes;
            if (_left > 0 || _done)
                return true;
            _done = true;
        }

        if (!_stall)
            Cut();
        _happened.SetResult();
        return _stall;
    }

    private void Cut()
    {
        lock (_lock)
        {
            foreach (var socket in _open)
                socket.Dispose();
            _open.Clear();
        }
    }
}

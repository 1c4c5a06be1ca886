using System.Net.Sockets;
using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>
/// Stands between a client under test and a real QEMU, understands their messages, records the commands and injects faults
/// at a chosen command.
/// </summary>
public sealed class QmpProxy : IAsyncDisposable
{
    private readonly string _upstream;
    private readonly Socket _listener;
    private int _disposed;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly List<ProxyRule> _rules = [];
    private readonly List<ProxiedCommand> _commands = [];
    private readonly List<ProxyConnection> _connections = [];
    private readonly HashSet<string> _droppedEvents = [];
    private readonly List<Task> _running = [];
    private readonly Task _accepting;

    private QmpProxy(string upstream, string path)
    {
        _upstream = upstream;
        Path = path;
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(8);
        _accepting = AcceptLoopAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public string Path { get; }

    /// <summary>The endpoint for --qmp.</summary>
    public string Endpoint => "unix:" + Path;

    /// <summary>Every command so far, in order, qmp_capabilities included.</summary>
    public IReadOnlyList<ProxiedCommand> Commands
    {
        get
        {
            lock (_lock)
                return [.. _commands];
        }
    }

    /// <summary>Number of connections so far.</summary>
    public int Connections
    {
        get
        {
            lock (_lock)
                return _connections.Count;
        }
    }

    /// <summary>Starts a proxy in front of a unix monitor.</summary>
    public static QmpProxy Start(string upstreamPath, string listenPath) => new(upstreamPath, listenPath);

    /// <summary>Starts a proxy in front of the client's monitor of a VM, at "proxy" in its folder.</summary>
    public static QmpProxy Start(QemuProcess vm) => new(vm.QmpPath, vm.Directory.File("proxy"));

    /// <summary>A rule for the N-th occurrence (from 1) of a command, counted from now.</summary>
    public ProxyRule On(string command, int occurrence = 1, Func<JsonElement, bool>? arguments = null) => Add(one =>
        one.Name == command && (arguments is null || arguments(JsonDocument.Parse(one.Message).RootElement.GetProperty("arguments"))), occurrence);

    /// <summary>A rule for the N-th command of any name (from 0), as <see cref="Commands"/> of an earlier run lists them.</summary>
    public ProxyRule OnStep(int index) => Add(_ => true, index + 1);

    /// <summary>A rule for the N-th command (from 1) that matches.</summary>
    public ProxyRule Add(Func<ProxiedCommand, bool> match, int occurrence = 1)
    {
        var rule = new ProxyRule(match, occurrence);
        lock (_lock)
            _rules.Add(rule);
        return rule;
    }

    /// <summary>Drops events of this name from now on.</summary>
    public void DropEvent(string name)
    {
        lock (_lock)
            _droppedEvents.Add(name);
    }

    /// <summary>Forgets rules, commands and dropped events; connections stay.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _rules.Clear();
            _commands.Clear();
            _droppedEvents.Clear();
        }
    }

    /// <summary>Sends bytes to every connected client as if from QEMU.</summary>
    public async Task InjectAsync(byte[] bytes)
    {
        foreach (var connection in Open())
            await connection.SendToClientAsync(bytes);
    }

    /// <summary>Cuts every connection.</summary>
    public void CutAll()
    {
        foreach (var connection in Open())
            connection.Cut();
    }

    /// <summary>Stops listening and cuts every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _closing.CancelAsync();
        _listener.Dispose();
        CutAll();
        await _accepting;
        Task[] running;
        lock (_lock)
            running = [.. _running];
        await Task.WhenAll(running);
        foreach (var connection in Open())
            connection.Dispose();
        File.Delete(Path);
        _closing.Dispose();
    }

    internal ProxyRule? Record(ProxiedCommand command)
    {
        lock (_lock)
        {
            _commands.Add(command);
            ProxyRule? hit = null;
            foreach (var rule in _rules.Where(rule => rule.Left > 0 && rule.Match(command)))
            {
                if (--rule.Left == 0)
                    hit ??= rule;
            }

            return hit;
        }
    }

    internal bool IsDropped(string eventName)
    {
        lock (_lock)
            return _droppedEvents.Contains(eventName);
    }

    private ProxyConnection[] Open()
    {
        lock (_lock)
            return [.. _connections];
    }

    private async Task AcceptLoopAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_closing.Token);
                var upstream = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await upstream.ConnectAsync(new UnixDomainSocketEndPoint(_upstream), _closing.Token);
                }
                catch (SocketException)
                {
                    upstream.Dispose();
                    client.Dispose();
                    continue;
                }

                lock (_lock)
                {
                    var connection = new ProxyConnection(this, _connections.Count, client, upstream, _closing.Token);
                    _connections.Add(connection);
                    _running.Add(connection.RunAsync());
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }
}

using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>A tiny raw guest-agent client for tests. Dispose of it before the code under test connects: a port has one client.</summary>
public sealed class AgentConnection : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static long _lastSync = 1000;
    private readonly NetworkStream _stream;
    private readonly JsonFrameReader _reader;

    private AgentConnection(NetworkStream stream)
    {
        _stream = stream;
        _reader = new JsonFrameReader(stream);
    }

    /// <summary>Connects and waits until the agent answers a sync; what is queued from before is skipped.</summary>
    public static async Task<AgentConnection> ConnectAsync(string path, TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
        var connection = new AgentConnection(new NetworkStream(socket, true));
        try
        {
            var id = Interlocked.Increment(ref _lastSync);
            await connection.SendAsync($$$"""{"execute":"guest-sync","arguments":{"id":{{{id}}}}}""", limit ?? Limit, cancellationToken);
            while (true)
            {
                var reply = await connection.ReadAsync(limit ?? Limit, cancellationToken);
                if (reply.TryGetProperty("return", out var result) && result.ValueKind == JsonValueKind.Number && result.GetInt64() == id)
                    return connection;
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command with its arguments as a JSON text; returns the value of "return".</summary>
    /// <exception cref="QmpMonitorException">The agent refused it.</exception>
    public async Task<JsonElement> ExecuteAsync(string command, string? arguments = null, TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        await SendAsync($$"""{"execute":"{{command}}"{{(arguments is null ? "" : ",\"arguments\":" + arguments)}}}""", limit ?? Limit, cancellationToken);
        var reply = await ReadAsync(limit ?? Limit, cancellationToken);
        if (reply.TryGetProperty("return", out var result))
            return result;
        var error = reply.GetProperty("error");
        throw new QmpMonitorException(command, error.GetProperty("class").GetString()!, error.GetProperty("desc").GetString()!);
    }

    /// <summary>Closes the connection.</summary>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    // A port that no process in the guest has opened is not read: a send may block too.
    private async Task SendAsync(string text, TimeSpan limit, CancellationToken cancellationToken) =>
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), cancellationToken).AsTask().WaitAsync(limit, cancellationToken);

    private async Task<JsonElement> ReadAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var frame = await _reader.ReadAsync(cancellationToken).AsTask().WaitAsync(limit, cancellationToken)
            ?? throw new IOException("The agent's port closed.");
        using var document = JsonDocument.Parse(frame);
        return document.RootElement.Clone();
    }
}

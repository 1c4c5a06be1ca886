using System.Text;
using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

/// <summary>The server end of a session; the test controls every message.</summary>
public sealed class FakeQmpServer : IAsyncDisposable
{
    public const string Greeting =
        """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2"}, "capabilities": ["oob"]}}""";

    private readonly Stream _stream;
    private readonly StreamReader _lines;

    public FakeQmpServer(Stream stream)
    {
        _stream = stream;
        _lines = new StreamReader(stream, Encoding.UTF8, false, 256);
    }

    /// <summary>A session after the handshake, and its server.</summary>
    public static async Task<(QmpClient Client, FakeQmpServer Server)> ConnectAsync(
        CancellationToken token, QmpClientOptions? options = null, int capacity = 64 * 1024)
    {
        (var server, var stream) = Create(capacity);
        var connecting = QmpClient.ConnectAsync(stream, options, token);
        await server.HandshakeAsync(token);
        return (await connecting, server);
    }

    /// <summary>A server, and the stream to it.</summary>
    public static (FakeQmpServer Server, DuplexStream Stream) Create(int capacity = 64 * 1024)
    {
        (var left, var right) = DuplexStream.CreatePair(capacity);
        return (new FakeQmpServer(right), left);
    }

    public async Task HandshakeAsync(CancellationToken token)
    {
        await SendAsync(Greeting, token);
        var command = await ReadAsync(token);
        command.Name.Should().Be("qmp_capabilities");
        await ReturnAsync(command.Id, "{}", token);
    }

    /// <summary>The next command, which must be one whole JSON object on a line.</summary>
    public async Task<FakeCommand> ReadAsync(CancellationToken token)
    {
        var line = await _lines.ReadLineAsync(token) ?? throw new EndOfStreamException("The client closed the connection.");
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement.Clone();
        var name = (root.TryGetProperty("execute", out var execute) ? execute : root.GetProperty("exec-oob")).GetString()!;
        return new FakeCommand(root.GetProperty("id").GetInt64(), name, root, line);
    }

    /// <summary>The next characters, which need not be a whole command.</summary>
    public async Task<string> ReadTextAsync(int length, CancellationToken token)
    {
        var text = new char[length];
        for (var count = 0; count < length;)
        {
            var more = await _lines.ReadAsync(text.AsMemory(count), token);
            count += more > 0 ? more : throw new EndOfStreamException("The client closed the connection.");
        }

        return new string(text);
    }

    /// <summary>Whether the client has closed the connection and there is nothing left to read.</summary>
    public async Task<bool> IsAtEndAsync(CancellationToken token) => await _lines.ReadLineAsync(token) is null;

    public Task ReturnAsync(long id, string value, CancellationToken token) =>
        SendAsync("{\"return\": " + value + ", \"id\": " + id + "}", token);

    public Task FailAsync(long id, string errorClass, string description, CancellationToken token) =>
        SendAsync(
            "{\"id\": " + id + ", \"error\": {\"class\": \"" + errorClass + "\", \"desc\": " + JsonSerializer.Serialize(description) + "}}", token);

    public Task EventAsync(string name, string data, CancellationToken token) =>
        SendAsync(
            "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 123456}, \"event\": \"" + name + "\", \"data\": " + data + "}", token);

    /// <summary>Text as QEMU sends it, with CRLF after it.</summary>
    public Task SendAsync(string text, CancellationToken token) => SendRawAsync(Encoding.UTF8.GetBytes(text + "\r\n"), token);

    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes, CancellationToken token)
    {
        await _stream.WriteAsync(bytes, token);
        await _stream.FlushAsync(token);
    }

    public void Close() => _stream.Dispose();

    public ValueTask DisposeAsync()
    {
        _stream.Dispose();
        return ValueTask.CompletedTask;
    }
}

using System.Net.Sockets;
using System.Text;

namespace QmpBackup.Benchmarks;

/// <summary>A socket that writes a line and reads a line: the minimum that a client does.</summary>
internal sealed class BareSocket : IAsyncDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[1 << 16];
    private readonly StringBuilder _text = new();

    internal BareSocket(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends a command and waits for its reply, which it returns; events are skipped.</summary>
    internal async Task<string> AskAsync(string command)
    {
        await _socket.SendAsync(Encoding.UTF8.GetBytes(command + "\n"), SocketFlags.None);
        string line;
        do
            line = await ReceiveAsync();
        while (line.Contains("\"event\"", StringComparison.Ordinal));
        if (line.Contains("\"error\"", StringComparison.Ordinal))
            throw new InvalidOperationException(line);
        return line;
    }

    /// <summary>The next line.</summary>
    internal async Task<string> ReceiveAsync()
    {
        while (true)
        {
            var text = _text.ToString();
            if (text.IndexOf('\n', StringComparison.Ordinal) is >= 0 and var end)
            {
                _text.Remove(0, end + 1);
                return text[..end];
            }

            var count = await _socket.ReceiveAsync(_buffer, SocketFlags.None);
            if (count == 0)
                throw new EndOfStreamException();
            _text.Append(Encoding.UTF8.GetString(_buffer, 0, count));
        }
    }
}

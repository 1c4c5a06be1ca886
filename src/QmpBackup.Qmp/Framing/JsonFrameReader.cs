using System.Buffers;

namespace QmpBackup.Qmp;

/// <summary>
/// Cuts a stream into JSON objects, whatever lies between them (nothing, spaces, LF, CRLF) and within them (pretty-printed
/// or not).
/// </summary>
/// <remarks>
/// A message lies in one piece in one buffer, which doubles when a message does not fit and goes back to its first size
/// afterwards, so that copying stays proportional to what was read.
/// </remarks>
internal sealed class JsonFrameReader(Stream stream, int maxMessageSize, int maxDepth) : IDisposable
{
    private const int InitialSize = 64 * 1024;
    private const int MinimumRead = 4 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialSize);
    private JsonFrameScanner _scanner = new(maxDepth);
    private int _start;
    private int _scanned;
    private int _end;

    /// <summary>The object that was read last; only good until the next read.</summary>
    public ReadOnlyMemory<byte> Frame { get; private set; }

    /// <summary>Reads the next object.</summary>
    /// <returns>False when the stream ended between two objects.</returns>
    /// <exception cref="JsonFrameException">The stream holds something else.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (!TryTakeFrame())
        {
            MakeRoom();
            var count = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                return _scanner.IsInside
                    ? throw new JsonFrameException(JsonFrameFault.Truncated, "The connection ended in the middle of a message.")
                    : false;
            }

            _end += count;
        }

        return true;
    }

    public void Dispose()
    {
        var buffer = Interlocked.Exchange(ref _buffer, []);
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }

    private bool TryTakeFrame()
    {
        Frame = default;
        if (!_scanner.IsInside && !FindStart())
            return false;

        var complete = _scanner.Scan(_buffer.AsSpan(_scanned, _end - _scanned), out var consumed);
        _scanned += consumed;
        var length = _scanned - _start;
        if (length > maxMessageSize)
            throw new JsonFrameException(JsonFrameFault.TooLarge, $"A message is larger than {maxMessageSize} bytes.");
        if (!complete)
            return false;

        JsonUnicode.Mend(_buffer.AsSpan(_start, length));
        Frame = _buffer.AsMemory(_start, length);
        _start = _scanned;
        return true;
    }

    private bool FindStart()
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        var first = rest.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0)
        {
            _start = _scanned = _end;
            return false;
        }

        _start = _scanned = _start + first;
        if (rest[first] != (byte)'{')
        {
            throw new JsonFrameException(
                JsonFrameFault.NotAnObject, $"Expected a JSON object and got \"{PeerText.Preview(rest[first..])}\".");
        }

        return true;
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _scanned = _end = 0;
            if (_buffer.Length > 16 * InitialSize)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = ArrayPool<byte>.Shared.Rent(InitialSize);
            }
        }

        if (_buffer.Length - _end >= MinimumRead)
            return;

        var used = _end - _start;
        var target = _buffer;

        // Moving to the front is only worth it when it frees at least half: otherwise single bytes could each cost a move.
        if (used > _buffer.Length / 2)
            target = ArrayPool<byte>.Shared.Rent(checked((int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
        _buffer.AsSpan(_start, used).CopyTo(target);
        if (!ReferenceEquals(target, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _scanned -= _start;
        _end = used;
        _start = 0;
    }
}

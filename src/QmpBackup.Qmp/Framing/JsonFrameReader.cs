using System.Buffers;

namespace QmpBackup.Qmp;

/// <summary>
/// Cuts a stream into JSON objects. Between them there may be nothing, spaces, LF or CRLF; they may be pretty-printed.
/// </summary>
/// <remarks>
/// A message is contiguous in one buffer. The buffer doubles when a message does not fit, and goes back to its first size afterwards,
/// so the bytes that are copied stay proportional to the bytes that are read.
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

    /// <summary>The last object; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Frame { get; private set; }

    /// <summary>Reads the next object.</summary>
    /// <returns>False when the stream has ended after an object.</returns>
    /// <exception cref="JsonFrameException">The stream holds something other than JSON objects.</exception>
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
                JsonFrameFault.NotAnObject, $"Expected a JSON object but got \"{PeerText.Preview(rest[first..])}\".");
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

        // Moving pays only when it frees at least half of the buffer: otherwise each byte could cost a move.
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

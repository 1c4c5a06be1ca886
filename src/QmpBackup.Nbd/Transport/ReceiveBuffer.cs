using System.Buffers.Binary;

namespace QmpBackup.Nbd.Transport;

/// <summary>
/// Collects headers, as many as one receive brings. Payload goes past it into the caller's memory, except for the part that arrived with
/// the header.
/// </summary>
internal sealed class ReceiveBuffer(NbdTransport transport)
{
    /// <summary>In bytes. Every fixed part of a message fits, and the part of a payload that is copied stays small.</summary>
    internal const int Capacity = 8 * 1024;

    private readonly byte[] _buffer = new byte[Capacity];
    private int _start;
    private int _end;

    internal int Available => _end - _start;

    internal ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, _end - _start);

    internal bool EndedWithinMessage { get; private set; }

    /// <summary>True if <paramref name="count"/> bytes are in the buffer; false if they have not arrived yet.</summary>
    /// <exception cref="EndOfStreamException">The stream has ended.</exception>
    internal bool TryFill(int count)
    {
        while (Available < count)
        {
            if (_start > 0 && Capacity - _start < count)
            {
                _buffer.AsSpan(_start, Available).CopyTo(_buffer);
                _end -= _start;
                _start = 0;
            }
            else if (_start == _end)
            {
                _start = _end = 0;
            }

            var received = transport.TryReceive(_buffer.AsSpan(_end));
            if (received < 0)
                return false;
            if (received == 0)
                throw Ended(Available > 0);
            _end += received;
        }

        return true;
    }

    /// <summary>
    /// Takes payload from the buffer, or directly from the transport if the buffer is empty. Returns -1 if nothing has arrived yet.
    /// </summary>
    internal int TryRead(Span<byte> destination)
    {
        if (Available == 0)
        {
            var received = transport.TryReceive(destination);
            return received == 0 ? throw Ended(true) : received;
        }

        var count = Math.Min(Available, destination.Length);
        _buffer.AsSpan(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    internal ValueTask WaitAsync(CancellationToken cancellationToken = default) => transport.WaitReadableAsync(cancellationToken);

    internal void Advance(int count) => _start += count;

    internal ushort TakeUInt16()
    {
        var value = BinaryPrimitives.ReadUInt16BigEndian(Span);
        _start += 2;
        return value;
    }

    internal uint TakeUInt32()
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(Span);
        _start += 4;
        return value;
    }

    internal ulong TakeUInt64()
    {
        var value = BinaryPrimitives.ReadUInt64BigEndian(Span);
        _start += 8;
        return value;
    }

    private EndOfStreamException Ended(bool withinMessage)
    {
        EndedWithinMessage = withinMessage;
        return new EndOfStreamException(
            withinMessage ? "The server closed the connection in the middle of a message." : "The server closed the connection.");
    }
}

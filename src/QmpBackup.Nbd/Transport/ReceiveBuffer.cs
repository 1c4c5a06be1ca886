using System.Buffers.Binary;

namespace QmpBackup.Nbd.Transport;

/// <summary>
/// Headers are gathered here, as many as one receive brings; payloads pass it by, but for the part that came along with their header.
/// </summary>
internal sealed class ReceiveBuffer(NbdTransport transport)
{
    /// <summary>Enough for any fixed part of a message, and small enough that what is copied of a payload does not count.</summary>
    internal const int Capacity = 8 * 1024;

    private readonly byte[] _buffer = new byte[Capacity];
    private int _start;
    private int _end;

    internal int Available => _end - _start;

    internal ReadOnlySpan<byte> Span => _buffer.AsSpan(_start, _end - _start);

    internal bool EndedWithinMessage { get; private set; }

    /// <summary>True once <paramref name="count"/> bytes are here; false if they have yet to come.</summary>
    /// <exception cref="EndOfStreamException">They never will.</exception>
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

    /// <summary>Takes payload: from what is here, else straight from the transport. -1 if nothing has come yet.</summary>
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
        return new EndOfStreamException(withinMessage ? "The server closed the connection within a message." : "The server closed the connection.");
    }
}

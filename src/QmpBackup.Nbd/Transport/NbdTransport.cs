using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace QmpBackup.Nbd.Transport;

/// <summary>
/// Sends and receives bytes. Waiting for bytes and taking them are separate: a wait holds no buffer, so that a cancelled read can return
/// its buffer at once.
/// </summary>
internal abstract class NbdTransport : IDisposable
{
    /// <summary>Takes what has arrived. Returns the number of bytes, 0 at the end of the stream, -1 if nothing has arrived yet.</summary>
    internal abstract int TryReceive(Span<byte> destination);

    /// <summary>Waits until <see cref="TryReceive"/> does not return -1. Only one caller at a time.</summary>
    internal abstract ValueTask WaitReadableAsync(CancellationToken cancellationToken);

    /// <summary>Sends all of the data. Only one caller at a time. <see cref="Dispose"/> ends it.</summary>
    internal abstract ValueTask SendAsync(ReadOnlyMemory<byte> data);

    /// <summary>Returns the connection as a stream, for TLS. Do not use this transport afterwards.</summary>
    internal abstract Stream DetachStream();

    public abstract void Dispose();
}

/// <summary>A socket in non-blocking mode: the kernel copies directly into the caller's memory.</summary>
internal sealed class SocketTransport : NbdTransport
{
    private readonly Socket _socket;

    internal SocketTransport(Socket socket)
    {
        _socket = socket;
        _socket.Blocking = false;
    }

    internal override int TryReceive(Span<byte> destination)
    {
        var count = _socket.Receive(destination, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => count,
            SocketError.WouldBlock => -1,
            _ => throw new SocketException((int)error),
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal override async ValueTask WaitReadableAsync(CancellationToken cancellationToken) =>
        await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal override async ValueTask SendAsync(ReadOnlyMemory<byte> data)
    {
        while (!data.IsEmpty)
            data = data[await _socket.SendAsync(data, SocketFlags.None).ConfigureAwait(false)..];
    }

    internal override Stream DetachStream()
    {
        _socket.Blocking = true; // NetworkStream requires it.
        return new NetworkStream(_socket, ownsSocket: true);
    }

    public override void Dispose() => _socket.Dispose();
}

/// <summary>
/// Any duplex stream: TLS, or a tunnel of the caller. It reads into its own buffer, because a read of a stream cannot be withdrawn and must
/// therefore never hold a caller's memory.
/// </summary>
internal sealed class StreamTransport(Stream stream) : NbdTransport
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly CancellationTokenSource _closed = new();
    private int _start;
    private int _end;
    private bool _ended;

    internal override int TryReceive(Span<byte> destination)
    {
        if (_start == _end)
            return _ended ? 0 : -1;
        var count = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        if (_start != _end || _ended)
            return;
        // The handshake passes a token. In the transmission phase only Dispose ends a wait.
        var token = cancellationToken.CanBeCanceled ? cancellationToken : _closed.Token;
        var count = await stream.ReadAsync(_buffer, token).ConfigureAwait(false);
        _start = 0;
        _end = count;
        _ended = count == 0;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal override async ValueTask SendAsync(ReadOnlyMemory<byte> data)
    {
        await stream.WriteAsync(data, _closed.Token).ConfigureAwait(false);
        await stream.FlushAsync(_closed.Token).ConfigureAwait(false);
    }

    internal override Stream DetachStream() => stream;

    public override void Dispose()
    {
        _closed.Cancel();
        stream.Dispose();
    }
}

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

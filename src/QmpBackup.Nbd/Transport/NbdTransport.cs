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

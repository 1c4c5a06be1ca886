using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace QmpBackup.Nbd.Transport;

/// <summary>A socket, read without blocking: the kernel copies straight into the caller's memory.</summary>
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
        _socket.Blocking = true; // NetworkStream takes no other.
        return new NetworkStream(_socket, ownsSocket: true);
    }

    public override void Dispose() => _socket.Dispose();
}

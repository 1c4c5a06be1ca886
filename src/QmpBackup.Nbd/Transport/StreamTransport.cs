using System.Runtime.CompilerServices;

namespace QmpBackup.Nbd.Transport;

/// <summary>
/// Any duplex stream: TLS, or a tunnel of the caller's. It is read into a buffer of its own, since a read of a stream cannot be taken back
/// and must therefore never hold a caller's memory.
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
        // In the transmission phase only closing ends a wait: the handshake's token is the only other one ever given.
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

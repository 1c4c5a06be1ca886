using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Handshake;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Transmission;

internal sealed partial class NbdConnection
{
    private const int BatchLength = 4096;

    private readonly Lock _sendGate = new();
    private readonly byte[] _batch = GC.AllocateUninitializedArray<byte>(BatchLength, pinned: true);
    private NbdRequest? _firstToSend;
    private NbdRequest? _lastToSend;
    private ValueTask _sender;
    private bool _sending;

    /// <summary>
    /// Queues a request. If no sender runs, the caller becomes the sender and also sends what others queue meanwhile: requests form a batch
    /// only under load.
    /// </summary>
    internal void Enqueue(NbdRequest request)
    {
        lock (_sendGate)
        {
            request.NextToSend = null;
            if (_lastToSend is null)
                _firstToSend = request;
            else
                _lastToSend.NextToSend = request;
            _lastToSend = request;
            if (_sending)
                return;
            _sending = true;
            if (_sender.IsCompleted)
            {
                _sender.GetAwaiter().GetResult(); // Returns the state machine to its pool; never throws.
                _sender = default;
            }
        }

        var sender = SendQueuedAsync();
        lock (_sendGate)
            _sender = sender;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendQueuedAsync()
    {
        var length = 0;
        while (true)
        {
            var request = Dequeue(flushed: length == 0);
            if (request is null && length == 0)
                return;
            if (request is null || length + NbdConstants.ExtendedRequestLength > BatchLength)
            {
                await TrySendAsync(_batch.AsMemory(0, length)).ConfigureAwait(false);
                length = 0;
                if (request is null)
                    continue;
            }

            if (!request.BeginSend())
                continue;
            length += WriteHeader(request, _batch.AsSpan(length));
            if (request.Source.IsEmpty)
                continue;

            // The start of the payload fills the batch, so that the header is never sent alone.
            var source = request.Source;
            var together = Math.Min(source.Length, BatchLength - length);
            source.Span[..together].CopyTo(_batch.AsSpan(length));
            await TrySendAsync(_batch.AsMemory(0, length + together)).ConfigureAwait(false);
            length = 0;
            await TrySendAsync(source[together..]).ConfigureAwait(false);
            request.EndSend();
        }
    }

    private NbdRequest? Dequeue(bool flushed)
    {
        lock (_sendGate)
        {
            var request = _firstToSend;
            if (request is null)
            {
                // Another sender may start only if the batch is empty.
                if (flushed)
                    _sending = false;
                return null;
            }

            _firstToSend = request.NextToSend;
            if (_firstToSend is null)
                _lastToSend = null;
            request.NextToSend = null;
            return request;
        }
    }

    /// <summary>Sends data. A failure closes the connection, and nothing is sent afterwards.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TrySendAsync(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty || Cause is not null)
            return;
        try
        {
            await _session.Transport.SendAsync(data).ConfigureAwait(false);
        }
        catch (Exception e) when (IsTransportFailure(e))
        {
            Close(new CloseCause(NbdCloseReason.TransportFailed, "Sending to the NBD server failed: " + e.Message, e));
        }
    }

    private int WriteHeader(NbdRequest request, Span<byte> header)
    {
        var extended = _session.ReplyMode == NbdReplyMode.Extended;
        var flags = (ushort)request.Flags;
        if (extended && request.Command == NbdCommand.Write)
            flags |= NbdConstants.CommandFlagPayloadLength;
        BinaryPrimitives.WriteUInt32BigEndian(header, extended ? NbdConstants.ExtendedRequestMagic : NbdConstants.RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], flags);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)request.Command);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], request.Cookie);
        BinaryPrimitives.WriteInt64BigEndian(header[16..], request.Offset);
        if (extended)
        {
            BinaryPrimitives.WriteInt64BigEndian(header[24..], request.Length);
            return NbdConstants.ExtendedRequestLength;
        }

        BinaryPrimitives.WriteUInt32BigEndian(header[24..], checked((uint)request.Length));
        return NbdConstants.RequestLength;
    }

    /// <summary>Sends NBD_CMD_DISC, which has no reply and must be the last message.</summary>
    private async Task SendDisconnectAsync(CloseCause cause)
    {
        while (!TryBecomeLastSender())
            await Task.Yield(); // Everything is answered, so the sender returns soon.
        if (Cause is not null)
            return;

        var extended = _session.ReplyMode == NbdReplyMode.Extended;
        var header = new byte[extended ? NbdConstants.ExtendedRequestLength : NbdConstants.RequestLength];
        BinaryPrimitives.WriteUInt32BigEndian(header, extended ? NbdConstants.ExtendedRequestMagic : NbdConstants.RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)NbdCommand.Disconnect);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), _options.TimeProvider);
        await using var registration = timeout.Token.UnsafeRegister(
            static state => ((NbdSession)state!).Transport.Dispose(), _session).ConfigureAwait(false);
        try
        {
            await _session.Transport.SendAsync(header).ConfigureAwait(false);
        }
        catch (Exception e) when (IsTransportFailure(e))
        {
            Log.DisconnectFailed(_logger, e);
        }

        Close(cause);
    }

    private static bool IsTransportFailure(Exception exception) => exception
        is SocketException or IOException or ObjectDisposedException or OperationCanceledException or NotSupportedException;

    private bool TryBecomeLastSender()
    {
        lock (_sendGate)
        {
            if (_sending && Cause is null)
                return false;
            _sending = true;
            return true;
        }
    }
}

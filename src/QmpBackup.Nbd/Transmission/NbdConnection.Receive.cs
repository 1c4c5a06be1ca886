using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Transmission;

internal sealed partial class NbdConnection
{
    /// <summary>Payload of requests whose caller has left.</summary>
    private readonly byte[] _discarded = new byte[16 * 1024];

    private ReceiveBuffer Input => _session.Input;

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                switch (_session.ReplyMode)
                {
                    case NbdReplyMode.Extended:
                        while (!Input.TryFill(NbdConstants.ExtendedReplyLength))
                            await Input.WaitAsync().ConfigureAwait(false);
                        await ReceiveChunkAsync(NextChunk()).ConfigureAwait(false);
                        break;

                    default:
                        while (!Input.TryFill(NbdConstants.SimpleReplyLength))
                            await Input.WaitAsync().ConfigureAwait(false);
                        if (IsSimpleReply())
                        {
                            await ReceiveSimpleReplyAsync().ConfigureAwait(false);
                            break;
                        }

                        while (!Input.TryFill(NbdConstants.StructuredReplyLength))
                            await Input.WaitAsync().ConfigureAwait(false);
                        await ReceiveChunkAsync(NextChunk()).ConfigureAwait(false);
                        break;
                }
            }
        }
        catch (NbdViolationException e)
        {
            Close(new CloseCause(NbdCloseReason.ProtocolViolation, "The NBD server broke the protocol: " + e.Message));
        }
        catch (EndOfStreamException) when (Volatile.Read(ref _draining) is { } draining && !Input.EndedWithinMessage)
        {
            Close(draining);
        }
        catch (EndOfStreamException e)
        {
            Close(new CloseCause(NbdCloseReason.ServerClosed, e.Message));
        }
        catch (Exception e) when (e is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            Close(new CloseCause(NbdCloseReason.ServerClosed, "The server closed the connection (" + e.Message + ").", e));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            Close(new CloseCause(NbdCloseReason.TransportFailed, "Receiving from the NBD server failed: " + e.Message, e));
        }
#pragma warning disable CA1031 // Whatever fails here, no caller may wait for ever.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Close(new CloseCause(NbdCloseReason.TransportFailed, "Receiving from the NBD server failed unexpectedly: " + e.Message, e));
        }
    }

    private bool IsSimpleReply()
    {
        var magic = BinaryPrimitives.ReadUInt32BigEndian(Input.Span);
        if (magic == NbdConstants.SimpleReplyMagic)
            return true;
        if (magic == NbdConstants.StructuredReplyMagic && _session.ReplyMode == NbdReplyMode.Structured)
            return false;
        throw new NbdViolationException($"the magic 0x{magic:x8} does not begin a negotiated reply.");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveSimpleReplyAsync()
    {
        Input.Advance(4);
        var error = (NbdError)Input.TakeUInt32();
        var request = Find(Input.TakeUInt64());
        if (_session.ReplyMode != NbdReplyMode.Simple && request.Command == NbdCommand.Read)
            throw new NbdViolationException("the reply to NBD_CMD_READ is a simple one.");
        if (request.Chunks != 0 || request.ErrorChunks != 0 || request.ContextsSeen != 0)
            throw new NbdViolationException("a simple reply follows chunks of a structured reply.");

        if (error != NbdError.None)
            SetError(request, error, null, "");
        else if (request.Command == NbdCommand.Read)
            await ReceivePayloadAsync(request, 0, request.Length).ConfigureAwait(false);
        else if (request.Command == NbdCommand.BlockStatus)
            throw new NbdViolationException("the reply to NBD_CMD_BLOCK_STATUS is a simple one without an error.");
        request.EndReply();
    }

    private ReplyChunk NextChunk()
    {
        if (_session.ReplyMode != NbdReplyMode.Extended)
        {
            Input.Advance(4);
            var (flags, type) = (Input.TakeUInt16(), Input.TakeUInt16());
            var request = Find(Input.TakeUInt64());
            return new ReplyChunk(request, flags, type, Input.TakeUInt32());
        }

        var magic = Input.TakeUInt32();
        if (magic != NbdConstants.ExtendedReplyMagic)
            throw new NbdViolationException($"the magic 0x{magic:x8} does not begin an extended reply.");
        var (extendedFlags, extendedType) = (Input.TakeUInt16(), Input.TakeUInt16());
        var extended = Find(Input.TakeUInt64());
        var offset = Input.TakeUInt64();
        if (offset != (ulong)extended.Offset)
            throw new NbdViolationException($"a reply has the offset {offset}, but its request {extended.Offset}.");
        return new ReplyChunk(extended, extendedFlags, extendedType, Input.TakeUInt64());
    }

    private NbdRequest Find(ulong cookie)
    {
        var index = (int)(cookie & 0xffff);
        if (index >= _slots.Length || !_slots[index].Owes(cookie))
            throw new NbdViolationException($"a reply has the cookie 0x{cookie:x}, but no request in flight has it.");
        return _slots[index];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceivePayloadAsync(NbdRequest request, long start, long length)
    {
        while (length > 0)
        {
            var count = request.Receive(Input, start, (int)length, _discarded);
            if (count < 0)
            {
                await Input.WaitAsync().ConfigureAwait(false);
                continue;
            }

            start += count;
            length -= count;
        }
    }

    private void SetError(NbdRequest request, NbdError error, long? at, string text)
    {
        request.Error ??= new NbdCommandException(request.Command, error, request.Offset, request.Length, at, text);
        Log.CommandFailed(_logger, request.Error.Message);
        if (error == NbdError.ESHUTDOWN)
            DisconnectForShutdown();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(int count)
    {
        while (!Input.TryFill(count))
            await Input.WaitAsync().ConfigureAwait(false);
    }
}

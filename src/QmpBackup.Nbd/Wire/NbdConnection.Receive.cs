using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Wire;

internal sealed partial class NbdConnection
{
    private const int MaxErrorChunks = 1024;

    private readonly byte[] _bin = new byte[16 * 1024];

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
#pragma warning disable CA1031 // A defect here must not leave callers waiting for ever.
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
        throw new NbdViolationException($"the magic 0x{magic:x8} begins no reply that was negotiated.");
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveSimpleReplyAsync()
    {
        Input.Advance(4);
        var error = (NbdError)Input.TakeUInt32();
        var request = Find(Input.TakeUInt64());
        if (_session.ReplyMode != NbdReplyMode.Simple && request.Command == NbdCommand.Read)
            throw new NbdViolationException($"{NbdConstants.CommandName(request.Command)} was answered with a simple reply.");
        if (request.Chunks != 0 || request.ErrorChunks != 0 || request.ContextsSeen != 0)
            throw new NbdViolationException("a simple reply followed the chunks of a structured one.");

        if (error != NbdError.None)
            SetError(request, error, null, "");
        else if (request.Command == NbdCommand.Read)
            await ReceivePayloadAsync(request, 0, request.Length).ConfigureAwait(false);
        else if (request.Command == NbdCommand.BlockStatus)
            throw new NbdViolationException("NBD_CMD_BLOCK_STATUS was answered with a simple reply without error.");
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
            throw new NbdViolationException($"the magic 0x{magic:x8} begins no extended reply.");
        var (extendedFlags, extendedType) = (Input.TakeUInt16(), Input.TakeUInt16());
        var extended = Find(Input.TakeUInt64());
        var offset = Input.TakeUInt64();
        if (offset != extended.Offset)
            throw new NbdViolationException($"a reply names offset {offset}, its request had {extended.Offset}.");
        return new ReplyChunk(extended, extendedFlags, extendedType, Input.TakeUInt64());
    }

    private NbdRequest Find(ulong cookie)
    {
        var index = (int)(cookie & 0xffff);
        if (index >= _slots.Length || !_slots[index].Owes(cookie))
            throw new NbdViolationException($"a reply has the cookie 0x{cookie:x}, which no request in flight has.");
        return _slots[index];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveChunkAsync(ReplyChunk chunk)
    {
        switch (chunk.Type)
        {
            case NbdConstants.ReplyNone:
                chunk.Check(chunk.Length == 0 && chunk.IsDone, "NBD_REPLY_TYPE_NONE has a payload or is not the last chunk");
                break;
            case NbdConstants.ReplyOffsetData:
                chunk.Check(chunk.Request.Command == NbdCommand.Read, "data answers no NBD_CMD_READ");
                chunk.Check(chunk.Length >= 9 && chunk.Length - 8 <= chunk.Request.Length, $"a data chunk has the length {chunk.Length}");
                await FillAsync(8).ConfigureAwait(false);
                var start = Place(chunk, Input.TakeUInt64(), chunk.Length - 8);
                await ReceivePayloadAsync(chunk.Request, start, chunk.Length - 8).ConfigureAwait(false);
                break;
            case NbdConstants.ReplyOffsetHole:
                chunk.Check(chunk.Request.Command == NbdCommand.Read, "a hole answers no NBD_CMD_READ");
                chunk.Check(chunk.Length == 12, $"a hole chunk has the length {chunk.Length}");
                await FillAsync(12).ConfigureAwait(false);
                var at = Input.TakeUInt64();
                var size = Input.TakeUInt32();
                chunk.Check(size != 0, "a hole is empty");
                chunk.Request.FillZero(Place(chunk, at, size), size);
                break;
            case NbdConstants.ReplyBlockStatus when _session.ReplyMode == NbdReplyMode.Structured:
            case NbdConstants.ReplyBlockStatusExtended when _session.ReplyMode == NbdReplyMode.Extended:
                await ReceiveStatusAsync(chunk).ConfigureAwait(false);
                break;
            case >= NbdConstants.ReplyErrorBit:
                await ReceiveErrorAsync(chunk).ConfigureAwait(false);
                break;
            default:
                throw new NbdViolationException($"a reply chunk has the type {chunk.Type}, which does not belong here.");
        }

        if (chunk.IsDone)
            Finish(chunk.Request);
    }

    /// <summary>Checks that a content chunk lies within its request and overlaps no other; returns its start within the request.</summary>
    private static ulong Place(ReplyChunk chunk, ulong offset, ulong length)
    {
        var request = chunk.Request;
        chunk.Check(
            offset >= request.Offset && offset - request.Offset <= request.Length && length <= request.Length - (offset - request.Offset),
            $"a chunk at {offset}, length {length}, is outside its request");
        chunk.Check(request.Chunks++ == 0 || (request.Flags & NbdCommandFlags.DontFragment) == 0, "NBD_CMD_FLAG_DF was answered with several chunks");
        var start = offset - request.Offset;
        if (request.Coverage.Add(start, start + length) is { } problem)
            throw new NbdViolationException($"a chunk at {offset}, length {length}, {problem}.");
        return start;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceivePayloadAsync(NbdRequest request, ulong start, ulong length)
    {
        while (length > 0)
        {
            var count = request.Receive(Input, start, (int)length, _bin);
            if (count < 0)
            {
                await Input.WaitAsync().ConfigureAwait(false);
                continue;
            }

            start += (ulong)count;
            length -= (ulong)count;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveStatusAsync(ReplyChunk chunk)
    {
        var extended = _session.ReplyMode == NbdReplyMode.Extended;
        var (fixedLength, each) = extended ? (8UL, 16UL) : (4UL, 8UL);
        var request = chunk.Request;
        chunk.Check(request.Command == NbdCommand.BlockStatus, "block status answers no NBD_CMD_BLOCK_STATUS");
        chunk.Check(
            chunk.Length > fixedLength && (chunk.Length - fixedLength) % each == 0 && (chunk.Length - fixedLength) / each <= NbdConstants.MaxExtentsPerChunk,
            $"a block status chunk has the length {chunk.Length}");
        var count = (int)((chunk.Length - fixedLength) / each);
        await FillAsync((int)fixedLength).ConfigureAwait(false);
        var context = FindContext(Input.TakeUInt32());
        chunk.Check(!extended || Input.TakeUInt32() == count, "a block status chunk counts its extents wrongly");
        chunk.Check((request.ContextsSeen & (1u << context)) == 0, $"{_session.MetaContexts[context].Name} is answered twice");
        request.ContextsSeen |= 1u << context;
        var single = (request.Flags & NbdCommandFlags.RequestOne) != 0;
        chunk.Check(!single || count == 1, "NBD_CMD_FLAG_REQ_ONE was answered with several extents");

        var covered = 0UL;
        for (var i = 0; i < count; i++)
        {
            while (!Input.TryFill((int)each))
                await Input.WaitAsync().ConfigureAwait(false);
            var (length, flags) = extended ? (Input.TakeUInt64(), Input.TakeUInt64()) : (Input.TakeUInt32(), Input.TakeUInt32());
            chunk.Check(length != 0, "an extent is empty");
            chunk.Check(covered < request.Length, "an extent begins behind the end of its request");
            chunk.Check(!single || length <= request.Length, "an extent is longer than NBD_CMD_FLAG_REQ_ONE allows");
            // The last one may be longer than the request; what is behind the end of the export means nothing.
            length = Math.Min(length, _session.Export.Size - request.Offset - covered);
            request.AddStatus(context, length, flags);
            covered += length;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveErrorAsync(ReplyChunk chunk)
    {
        var request = chunk.Request;
        var isOffset = chunk.Type == NbdConstants.ReplyErrorOffset;
        var fixedLength = isOffset ? 14UL : 6UL;
        chunk.Check(chunk.Length >= fixedLength && chunk.Length <= 2 * NbdConstants.MaxString, $"an error chunk has the length {chunk.Length}");
        chunk.Check(++request.ErrorChunks <= MaxErrorChunks, "a reply has too many error chunks");
        await FillAsync(6).ConfigureAwait(false);
        var error = (NbdError)Input.TakeUInt32();
        var textLength = Input.TakeUInt16();
        chunk.Check(error != NbdError.None, "an error chunk says that there is no error");
        chunk.Check(textLength <= chunk.Length - fixedLength && textLength <= NbdConstants.MaxString, $"an error text has the length {textLength}");

        var rest = (int)(chunk.Length - 6);
        var bytes = ArrayPool<byte>.Shared.Rent(Math.Max(rest, 1));
        try
        {
            for (var got = 0; got < rest;)
            {
                var count = Input.TryRead(bytes.AsSpan(got, rest - got));
                if (count < 0)
                    await Input.WaitAsync().ConfigureAwait(false);
                else
                    got += count;
            }

            ulong? at = null;
            if (isOffset)
            {
                at = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(textLength));
                chunk.Check(at >= request.Offset && at - request.Offset <= request.Length, $"an error is said to be at {at}, outside its request");
            }

            SetError(request, error, at, EscapedText.From(bytes.AsSpan(0, textLength)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private int FindContext(uint id)
    {
        foreach (var context in _session.MetaContexts)
        {
            if (context.Id == id)
                return context.Index;
        }

        throw new NbdViolationException($"a block status names the metadata context {id}, which was not granted.");
    }

    private void Finish(NbdRequest request)
    {
        if (request.Error is null)
        {
            if (request.Command == NbdCommand.Read && !request.Coverage.IsComplete(request.Length))
                throw new NbdViolationException($"the read at {request.Offset}, length {request.Length}, was answered only in part.");
            if (request.Command == NbdCommand.BlockStatus && request.ContextsSeen != (uint)((1UL << _session.MetaContexts.Count) - 1))
                throw new NbdViolationException("a block status lacks some of the metadata contexts.");
        }

        request.EndReply();
    }

    private void SetError(NbdRequest request, NbdError error, ulong? at, string text)
    {
        request.Error ??= new NbdCommandException(request.Command, error, request.Offset, request.Length, at, text);
        Log.CommandFailed(_logger, request.Error.Message);
        if (error == NbdError.ESHUTDOWN)
            LeaveShutdown();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(int count)
    {
        while (!Input.TryFill(count))
            await Input.WaitAsync().ConfigureAwait(false);
    }
}

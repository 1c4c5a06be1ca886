using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Transmission;

// Chunks of structured and extended replies: every length, offset and count is checked before it is used.
internal sealed partial class NbdConnection
{
    private const int MaxErrorChunks = 1024;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveChunkAsync(ReplyChunk chunk)
    {
        switch (chunk.Type)
        {
            case NbdConstants.ReplyNone:
                chunk.Check(chunk.Length == 0 && chunk.IsDone, "NBD_REPLY_TYPE_NONE has a payload or is not the last chunk");
                break;
            case NbdConstants.ReplyOffsetData:
                chunk.Check(chunk.Request.Command == NbdCommand.Read, "a data chunk does not belong to NBD_CMD_READ");
                chunk.Check(
                    chunk.Length >= 9 && chunk.Length - 8 <= (ulong)chunk.Request.Length, $"a data chunk has the length {chunk.Length}");
                await FillAsync(8).ConfigureAwait(false);
                var length = (long)chunk.Length - 8;
                var start = Place(chunk, Input.TakeUInt64(), length);
                await ReceivePayloadAsync(chunk.Request, start, length).ConfigureAwait(false);
                break;
            case NbdConstants.ReplyOffsetHole:
                chunk.Check(chunk.Request.Command == NbdCommand.Read, "a hole chunk does not belong to NBD_CMD_READ");
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
                throw new NbdViolationException($"a reply chunk has the type {chunk.Type}, which is not allowed here.");
        }

        if (chunk.IsDone)
            Finish(chunk.Request);
    }

    /// <summary>
    /// Checks that a content chunk lies inside its request and does not overlap another. Returns its start relative to the request.
    /// </summary>
    private static long Place(ReplyChunk chunk, ulong offset, long length)
    {
        var request = chunk.Request;
        chunk.Check(
            offset >= (ulong)request.Offset && offset - (ulong)request.Offset <= (ulong)request.Length,
            $"a chunk at {offset}, length {length}, is outside its request");
        var start = (long)offset - request.Offset;
        chunk.Check(length <= request.Length - start, $"a chunk at {offset}, length {length}, is outside its request");
        chunk.Check(
            request.Chunks++ == 0 || (request.Flags & NbdCommandFlags.DontFragment) == 0,
            "the reply to NBD_CMD_FLAG_DF has several chunks");
        if (request.Coverage.Add(start, start + length) is { } problem)
            throw new NbdViolationException($"a chunk at {offset}, length {length}, {problem}.");
        return start;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveStatusAsync(ReplyChunk chunk)
    {
        var extended = _session.ReplyMode == NbdReplyMode.Extended;
        var (fixedLength, each) = extended ? (8UL, 16UL) : (4UL, 8UL);
        var request = chunk.Request;
        chunk.Check(request.Command == NbdCommand.BlockStatus, "a block status chunk does not belong to NBD_CMD_BLOCK_STATUS");
        chunk.Check(
            chunk.Length > fixedLength
                && (chunk.Length - fixedLength) % each == 0
                && (chunk.Length - fixedLength) / each <= NbdConstants.MaxExtentsPerChunk,
            $"a block status chunk has the length {chunk.Length}");
        var count = (int)((chunk.Length - fixedLength) / each);
        await FillAsync((int)fixedLength).ConfigureAwait(false);
        var context = FindContext(Input.TakeUInt32());
        chunk.Check(!extended || Input.TakeUInt32() == count, "a block status chunk has a wrong number of extents");
        chunk.Check((request.ContextsSeen & (1u << context)) == 0, $"{_session.MetaContexts[context].Name} has two block status chunks");
        request.ContextsSeen |= 1u << context;
        var single = (request.Flags & NbdCommandFlags.RequestOne) != 0;
        chunk.Check(!single || count == 1, "the reply to NBD_CMD_FLAG_REQ_ONE has several extents");

        var covered = 0L;
        for (var i = 0; i < count; i++)
        {
            while (!Input.TryFill((int)each))
                await Input.WaitAsync().ConfigureAwait(false);
            var (length, flags) = extended ? (Input.TakeUInt64(), Input.TakeUInt64()) : (Input.TakeUInt32(), Input.TakeUInt32());
            chunk.Check(length != 0, "an extent is empty");
            chunk.Check(covered < request.Length, "an extent begins after the end of its request");
            chunk.Check(!single || length <= (ulong)request.Length, "an extent is longer than NBD_CMD_FLAG_REQ_ONE allows");
            // The last extent may be longer than the request. The part after the end of the export has no meaning.
            var within = (long)Math.Min(length, (ulong)(_session.Export.Size - request.Offset - covered));
            request.AddStatus(context, within, flags);
            covered += within;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveErrorAsync(ReplyChunk chunk)
    {
        var request = chunk.Request;
        var isOffset = chunk.Type == NbdConstants.ReplyErrorOffset;
        var fixedLength = isOffset ? 14UL : 6UL;
        chunk.Check(
            chunk.Length >= fixedLength && chunk.Length <= 2 * NbdConstants.MaxString, $"an error chunk has the length {chunk.Length}");
        chunk.Check(++request.ErrorChunks <= MaxErrorChunks, "a reply has too many error chunks");
        await FillAsync(6).ConfigureAwait(false);
        var error = (NbdError)Input.TakeUInt32();
        var textLength = Input.TakeUInt16();
        chunk.Check(error != NbdError.None, "an error chunk has the error number 0");
        chunk.Check(
            textLength <= chunk.Length - fixedLength && textLength <= NbdConstants.MaxString, $"an error text has the length {textLength}");

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

            long? at = null;
            if (isOffset)
            {
                at = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(textLength));
                chunk.Check(
                    at >= request.Offset && at - request.Offset <= request.Length,
                    $"an error at offset {(ulong)at} is outside its request");
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

        throw new NbdViolationException($"a block status chunk has the metadata context {id}, which was not granted.");
    }

    private void Finish(NbdRequest request)
    {
        if (request.Error is null)
        {
            if (request.Command == NbdCommand.Read && !request.Coverage.IsComplete(request.Length))
                throw new NbdViolationException($"the read at {request.Offset}, length {request.Length}, is answered only in part.");
            if (request.Command == NbdCommand.BlockStatus && request.ContextsSeen != (uint)((1UL << _session.MetaContexts.Count) - 1))
                throw new NbdViolationException("a block status reply lacks some of the metadata contexts.");
        }

        request.EndReply();
    }
}

using System.Buffers.Binary;
using System.Text;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Tests.Fakes;

/// <summary>The server side of one connection, step by step, so that a test can lie at any step.</summary>
internal sealed class FakeSession(Stream stream, CancellationToken cancellationToken)
{
    internal NbdReplyMode Mode { get; set; }

    internal Task SendAsync(params byte[][] parts) =>
        stream.WriteAsync(parts.SelectMany(part => part).ToArray(), cancellationToken).AsTask();

    internal async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    internal async Task<bool> IsClosedByClientAsync()
    {
        try
        {
            return await stream.ReadAsync(new byte[1], cancellationToken) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    internal async Task GreetAsync(ushort flags = 3)
    {
        await SendAsync(U64(NbdConstants.InitMagic), U64(NbdConstants.OptionMagic), U16(flags));
        await ReadAsync(4);
    }

    internal async Task<(uint Option, byte[] Data)> ReadOptionAsync()
    {
        var header = await ReadAsync(16);
        BinaryPrimitives.ReadUInt64BigEndian(header).Should().Be(NbdConstants.OptionMagic);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
        return (BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)), await ReadAsync((int)length));
    }

    internal Task ReplyAsync(uint option, uint type, params byte[][] payload) =>
        SendAsync(
            U64(NbdConstants.OptionReplyMagic), U32(option), U32(type), U32((uint)payload.Sum(part => part.Length)),
            [.. payload.SelectMany(part => part)]);

    /// <summary>Performs a correct handshake.</summary>
    internal async Task HandshakeAsync(FakeExport export)
    {
        Mode = export.Mode;
        await GreetAsync();
        while (true)
        {
            var (option, _) = await ReadOptionAsync();
            switch (option)
            {
                case NbdConstants.OptExtendedHeaders when export.Mode == NbdReplyMode.Extended:
                case NbdConstants.OptStructuredReply when export.Mode == NbdReplyMode.Structured:
                    await ReplyAsync(option, NbdConstants.RepAck);
                    break;
                case NbdConstants.OptListMetaContext:
                    foreach (var name in export.Listed)
                        await ReplyAsync(option, NbdConstants.RepMetaContext, U32(0), Utf8(name));
                    await ReplyAsync(option, NbdConstants.RepAck);
                    break;
                case NbdConstants.OptSetMetaContext:
                    for (var i = 0; i < export.Contexts.Length; i++)
                        await ReplyAsync(option, NbdConstants.RepMetaContext, U32((uint)(i + 100)), Utf8(export.Contexts[i]));
                    await ReplyAsync(option, NbdConstants.RepAck);
                    break;
                case NbdConstants.OptGo:
                    await ReplyAsync(
                        option, NbdConstants.RepInfo, U16(NbdConstants.InfoExport), U64(export.Size), U16((ushort)export.Flags));
                    if (export.Blocks is { } blocks)
                    {
                        var sizes = (byte[][])[U32(blocks.Minimum), U32(blocks.Preferred), U32(blocks.Maximum)];
                        await ReplyAsync(option, NbdConstants.RepInfo, [U16(NbdConstants.InfoBlockSize), .. sizes]);
                    }


                    await ReplyAsync(option, NbdConstants.RepAck);
                    return;
                default:
                    await ReplyAsync(option, NbdConstants.RepErrUnsup);
                    break;
            }
        }
    }

    internal async Task<FakeRequest> ReadRequestAsync()
    {
        var header = await ReadHeaderAsync();
        var payload = header.Command == NbdCommand.Write ? await ReadAsync((int)header.Length) : [];
        return header with { Payload = payload };
    }

    internal async Task<FakeRequest> ReadHeaderAsync()
    {
        var extended = Mode == NbdReplyMode.Extended;
        var header = await ReadAsync(extended ? 32 : 28);
        BinaryPrimitives.ReadUInt32BigEndian(header).Should().Be(extended ? NbdConstants.ExtendedRequestMagic : NbdConstants.RequestMagic);
        return new FakeRequest(
            (NbdCommandFlags)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)),
            (NbdCommand)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6)),
            BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(8)),
            BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(16)),
            extended ? BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(24)) : BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(24)),
            []);
    }

    internal Task SimpleAsync(FakeRequest request, uint error = 0, params byte[] payload) =>
        SendAsync(U32(NbdConstants.SimpleReplyMagic), U32(error), U64(request.Cookie), payload);

    internal Task ChunkAsync(FakeRequest request, ushort type, bool done, params byte[][] payload) => ChunkHeaderAsync(
        request, type, done, (ulong)payload.Sum(part => part.Length), [.. payload.SelectMany(part => part)]);

    internal Task ChunkHeaderAsync(FakeRequest request, ushort type, bool done, ulong length, byte[] payload, ulong? offset = null) =>
        Mode == NbdReplyMode.Extended
            ? SendAsync(
                U32(NbdConstants.ExtendedReplyMagic), U16(done ? 1u : 0), U16(type), U64(request.Cookie), U64(offset ?? request.Offset),
                U64(length), payload)
            : SendAsync(
                U32(NbdConstants.StructuredReplyMagic), U16(done ? 1u : 0), U16(type), U64(request.Cookie), U32((uint)length), payload);

    internal Task DoneAsync(FakeRequest request) => ChunkAsync(request, NbdConstants.ReplyNone, true);

    internal Task DataAsync(FakeRequest request, ulong offset, byte[] data, bool done = false) =>
        ChunkAsync(request, NbdConstants.ReplyOffsetData, done, U64(offset), data);

    internal Task HoleAsync(FakeRequest request, ulong offset, uint size, bool done = false) =>
        ChunkAsync(request, NbdConstants.ReplyOffsetHole, done, U64(offset), U32(size));

    internal Task StatusAsync(FakeRequest request, uint context, bool done, params (ulong Length, ulong Flags)[] extents) =>
        Mode == NbdReplyMode.Extended
            ? ChunkAsync(
                request, NbdConstants.ReplyBlockStatusExtended, done,
                [U32(context), U32((uint)extents.Length), .. extents.SelectMany(e => new[] { U64(e.Length), U64(e.Flags) })])
            : ChunkAsync(
                request, NbdConstants.ReplyBlockStatus, done,
                [U32(context), .. extents.SelectMany(e => new[] { U32((uint)e.Length), U32((uint)e.Flags) })]);

    internal Task ErrorAsync(FakeRequest request, NbdError error, string text, bool done = true) =>
        ChunkAsync(request, NbdConstants.ReplyError, done, U32((uint)error), U16((uint)Encoding.UTF8.GetByteCount(text)), Utf8(text));

    internal static byte[] U16(uint value) => [(byte)(value >> 8), (byte)value];

    internal static byte[] U32(uint value) => [.. U16(value >> 16), .. U16(value & 0xffff)];

    internal static byte[] U64(ulong value) => [.. U32((uint)(value >> 32)), .. U32((uint)value)];

    internal static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

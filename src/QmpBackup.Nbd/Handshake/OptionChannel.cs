using System.Buffers.Binary;
using System.Text;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Handshake;

/// <summary>Sends options and receives their replies. It knows their framing and limits, not their meaning.</summary>
internal sealed class OptionChannel(NbdTransport transport, ReceiveBuffer input, ILogger logger)
{
    /// <summary>Limit of one reply in bytes. A valid reply is shorter: names have at most 4096 bytes.</summary>
    private const int MaxReply = 3 * NbdConstants.MaxString;

    /// <summary>Limit of replies to one option: a server could send export or context names without end.</summary>
    private const int MaxReplies = 16 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    internal NbdTransport Transport => transport;

    internal ReceiveBuffer Input => input;

    internal async Task<(ushort Flags, bool Oldstyle)> ReadGreetingAsync(CancellationToken cancellationToken)
    {
        await FillAsync(16, cancellationToken).ConfigureAwait(false);
        var magic = input.TakeUInt64();
        if (magic != NbdConstants.InitMagic)
            throw new NbdViolationException("its greeting does not begin with NBDMAGIC, so it is not an NBD server.");
        magic = input.TakeUInt64();
        if (magic == NbdConstants.OldStyleMagic)
            return (0, true);
        if (magic != NbdConstants.OptionMagic)
            throw new NbdViolationException($"the second magic is 0x{magic:x16}.");
        await FillAsync(2, cancellationToken).ConfigureAwait(false);
        return (input.TakeUInt16(), false);
    }

    internal async Task SendClientFlagsAsync(uint flags)
    {
        var data = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(data, flags);
        await transport.SendAsync(data).ConfigureAwait(false);
    }

    internal async Task SendAsync(uint option, ReadOnlyMemory<byte> payload)
    {
        var data = new byte[16 + payload.Length];
        BinaryPrimitives.WriteUInt64BigEndian(data, NbdConstants.OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(8), option);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(12), (uint)payload.Length);
        payload.CopyTo(data.AsMemory(16));
        await transport.SendAsync(data).ConfigureAwait(false);
    }

    /// <summary>Sends an option without payload. Returns its only reply: NBD_REP_ACK or an error.</summary>
    internal Task<OptionReply> QueryAsync(uint option, CancellationToken cancellationToken) =>
        QueryAsync(option, default, null, cancellationToken);

    /// <summary>
    /// Sends an option and passes each reply to <paramref name="onReply"/>. Returns the last one: NBD_REP_ACK or an error.
    /// </summary>
    internal async Task<OptionReply> QueryAsync(
        uint option, ReadOnlyMemory<byte> payload, Action<OptionReply>? onReply, CancellationToken cancellationToken)
    {
        await SendAsync(option, payload).ConfigureAwait(false);
        for (var i = 0; i <= MaxReplies; i++)
        {
            var reply = await ReadReplyAsync(option, cancellationToken).ConfigureAwait(false);
            if (reply.IsError)
                Log.OptionRefused(logger, NbdConstants.OptionName(option), NbdConstants.OptionErrorName(reply.Type), reply.Text);
            if (reply.IsError || reply.Type == NbdConstants.RepAck)
                return reply;
            if (onReply is null)
                throw new NbdViolationException($"{NbdConstants.OptionName(option)} has a reply of type {reply.Type}.");
            onReply(reply);
        }

        throw new NbdViolationException($"{NbdConstants.OptionName(option)} has more than {MaxReplies} replies.");
    }

    internal static string Text(ReadOnlySpan<byte> bytes, string what)
    {
        if (bytes.Length > NbdConstants.MaxString)
            throw new NbdViolationException($"{what} is longer than {NbdConstants.MaxString} bytes.");
        try
        {
            var text = StrictUtf8.GetString(bytes);
            return text.Contains('\0', StringComparison.Ordinal) ? throw new NbdViolationException($"{what} contains a NUL.") : text;
        }
        catch (DecoderFallbackException)
        {
            throw new NbdViolationException($"{what} is not UTF-8.");
        }
    }

    internal async Task<byte[]> ReadAsync(int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var got = 0; got < count;)
        {
            var read = input.TryRead(bytes.AsSpan(got));
            if (read < 0)
                await input.WaitAsync(cancellationToken).ConfigureAwait(false);
            else
                got += read;
        }

        return bytes;
    }

    private async Task<OptionReply> ReadReplyAsync(uint option, CancellationToken cancellationToken)
    {
        await FillAsync(20, cancellationToken).ConfigureAwait(false);
        var magic = input.TakeUInt64();
        if (magic != NbdConstants.OptionReplyMagic)
            throw new NbdViolationException($"an option reply begins with 0x{magic:x16}.");
        var answered = input.TakeUInt32();
        if (answered != option)
            throw new NbdViolationException($"the reply to {NbdConstants.OptionName(option)} is for {NbdConstants.OptionName(answered)}.");
        var type = input.TakeUInt32();
        var length = input.TakeUInt32();
        if (length > MaxReply)
            throw new NbdViolationException($"a reply to {NbdConstants.OptionName(option)} has the length {length}.");
        var payload = await ReadAsync((int)length, cancellationToken).ConfigureAwait(false);
        if (type == NbdConstants.RepAck && length != 0)
            throw new NbdViolationException("NBD_REP_ACK has a payload.");
        return new OptionReply(type, payload);
    }

    private async Task FillAsync(int count, CancellationToken cancellationToken)
    {
        while (!input.TryFill(count))
            await input.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>One reply to an option.</summary>
internal readonly record struct OptionReply(uint Type, byte[] Payload)
{
    internal bool IsError => (Type & NbdConstants.RepErrorBit) != 0;

    internal string Text => EscapedText.From(Payload);
}

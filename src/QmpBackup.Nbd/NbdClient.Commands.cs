using System.Runtime.InteropServices;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Wire;

namespace QmpBackup.Nbd;

public sealed partial class NbdClient
{
    /// <summary>Requests of one split call in flight at a time.</summary>
    private const int SplitWindow = 8;

    /// <summary>Trim and the like carry no payload, but one request of terabytes could not be answered in time.</summary>
    private const ulong MaxEffectLength = 1 << 30;

    /// <summary>Reads (<c>NBD_CMD_READ</c>). Returns when all of the buffer is filled.</summary>
    /// <param name="buffer">Where to. Its length and <paramref name="offset"/> are multiples of the minimum block size.</param>
    /// <param name="offset">Where from, in bytes.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.DontFragment"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait; the buffer is the caller's again at once.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdCommandException">The server answered with an error.</exception>
    /// <exception cref="NbdException">Timeout, or the connection is closed.</exception>
    public ValueTask ReadAsync(Memory<byte> buffer, ulong offset, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckFlags(flags, NbdCommandFlags.DontFragment, NbdCommand.Read);
        CheckRange(offset, (ulong)buffer.Length);
        if ((uint)buffer.Length > _maxPayload)
            return SplitAsync(NbdCommand.Read, buffer, offset, flags, cancellationToken);
        return buffer.IsEmpty
            ? ValueTask.CompletedTask
            : Pick().ExecuteAsync(NbdCommand.Read, flags, offset, (ulong)buffer.Length, new RequestBuffers(Destination: buffer), cancellationToken);
    }

    /// <summary>Writes (<c>NBD_CMD_WRITE</c>).</summary>
    /// <param name="data">What. Its length and <paramref name="offset"/> are multiples of the minimum block size.</param>
    /// <param name="offset">Where to, in bytes.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.Fua"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait, once the payload has been handed over. Whether it was written is not known then.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export is read-only or does not know the flag.</exception>
    /// <exception cref="NbdCommandException">The server answered with an error.</exception>
    /// <exception cref="NbdException">Timeout, or the connection is closed.</exception>
    public ValueTask WriteAsync(
        ReadOnlyMemory<byte> data, ulong offset, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        CheckFlags(flags, NbdCommandFlags.Fua, NbdCommand.Write);
        CheckRange(offset, (ulong)data.Length);
        if ((uint)data.Length > _maxPayload)
            return SplitAsync(NbdCommand.Write, MemoryMarshal.AsMemory(data), offset, flags, cancellationToken);
        return data.IsEmpty
            ? ValueTask.CompletedTask
            : Pick().ExecuteAsync(NbdCommand.Write, flags, offset, (ulong)data.Length, new RequestBuffers(Source: data), cancellationToken);
    }

    /// <summary>Writes zeroes without sending them (<c>NBD_CMD_WRITE_ZEROES</c>), in steps of at most 1 GiB.</summary>
    /// <param name="offset">Where, in bytes; a multiple of the minimum block size.</param>
    /// <param name="length">How many bytes; a multiple of the minimum block size.</param>
    /// <param name="flags">Any of <see cref="NbdCommandFlags.Fua"/>, <see cref="NbdCommandFlags.NoHole"/>, <see cref="NbdCommandFlags.FastZero"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not offer it, or not the flag.</exception>
    /// <exception cref="NbdCommandException">
    /// The server answered with an error; <see cref="NbdError.ENOTSUP"/> if a fast zero would not be fast. Parts of the range may be zero then (QEMU 10 does that).
    /// </exception>
    /// <exception cref="NbdException">Timeout, or the connection is closed.</exception>
    public ValueTask WriteZeroesAsync(
        ulong offset, ulong length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        Require(NbdTransmissionFlags.SendWriteZeroes, "NBD_FLAG_SEND_WRITE_ZEROES", "write zeroes");
        return EffectAsync(NbdCommand.WriteZeroes, offset, length, flags, NbdCommandFlags.Fua | NbdCommandFlags.NoHole | NbdCommandFlags.FastZero, cancellationToken);
    }

    /// <summary>Says that a range is not needed any more (<c>NBD_CMD_TRIM</c>), in steps of at most 1 GiB. What it reads as afterwards is not defined.</summary>
    /// <param name="offset">Where, in bytes; a multiple of the minimum block size.</param>
    /// <param name="length">How many bytes; a multiple of the minimum block size.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.Fua"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not offer it, or not the flag.</exception>
    /// <exception cref="NbdException">The server answered with an error, timeout, or the connection is closed.</exception>
    public ValueTask TrimAsync(ulong offset, ulong length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        Require(NbdTransmissionFlags.SendTrim, "NBD_FLAG_SEND_TRIM", "trim");
        return EffectAsync(NbdCommand.Trim, offset, length, flags, NbdCommandFlags.Fua, cancellationToken);
    }

    /// <summary>Says that a range will soon be read (<c>NBD_CMD_CACHE</c>), in steps of at most 1 GiB.</summary>
    /// <param name="offset">Where, in bytes; a multiple of the minimum block size.</param>
    /// <param name="length">How many bytes; a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not within the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not offer it.</exception>
    /// <exception cref="NbdException">The server answered with an error, timeout, or the connection is closed.</exception>
    public ValueTask CacheAsync(ulong offset, ulong length, CancellationToken cancellationToken = default)
    {
        Require(NbdTransmissionFlags.SendCache, "NBD_FLAG_SEND_CACHE", "cache");
        return EffectAsync(NbdCommand.Cache, offset, length, NbdCommandFlags.None, NbdCommandFlags.None, cancellationToken);
    }

    /// <summary>Puts every write that has been answered on stable storage (<c>NBD_CMD_FLUSH</c>), on all connections.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NbdNotSupportedException">The export does not offer it.</exception>
    /// <exception cref="NbdException">The server answered with an error, timeout, or the connection is closed.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        Require(NbdTransmissionFlags.SendFlush, "NBD_FLAG_SEND_FLUSH", "flush");
        // NBD_FLAG_CAN_MULTI_CONN means just this: one flush is enough for all connections.
        return Pick().ExecuteAsync(NbdCommand.Flush, NbdCommandFlags.None, 0, 0, default, cancellationToken);
    }

    private NbdConnection Pick()
    {
        if (_connections.Length == 1)
            return _connections[0];
        var first = Interlocked.Increment(ref _next);
        NbdConnection? best = null;
        for (var i = 0u; i < _connections.Length; i++)
        {
            var connection = _connections[(first + i) % (uint)_connections.Length];
            // One that is lost ends the whole client: a silent loss of speed helps nobody.
            if (connection.Cause is not null)
                return connection;
            if (best is null || connection.Load < best.Load)
                best = connection;
        }

        return best!;
    }

    private async ValueTask SplitAsync(NbdCommand command, Memory<byte> memory, ulong offset, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        // All parts are awaited even if one fails: the memory must be out of use when this returns.
        var window = new ValueTask[SplitWindow];
        Exception? failure = null;
        var started = 0;
        var awaited = 0;
        while (awaited < started || (!memory.IsEmpty && failure is null))
        {
            if (!memory.IsEmpty && failure is null && started - awaited < SplitWindow)
            {
                var part = memory[..(int)Math.Min((uint)memory.Length, _maxPayload)];
#pragma warning disable CA2012 // Each is awaited once, below.
                window[started++ % SplitWindow] = Pick().ExecuteAsync(
                    command, flags, offset, (ulong)part.Length,
                    command == NbdCommand.Read ? new RequestBuffers(Destination: part) : new RequestBuffers(Source: part), cancellationToken);
#pragma warning restore CA2012
                memory = memory[part.Length..];
                offset += (ulong)part.Length;
                continue;
            }

            try
            {
                await window[awaited++ % SplitWindow].ConfigureAwait(false);
            }
            catch (Exception e) when (e is NbdException or OperationCanceledException)
            {
                failure ??= e;
            }
        }

        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    private ValueTask EffectAsync(
        NbdCommand command, ulong offset, ulong length, NbdCommandFlags flags, NbdCommandFlags allowed, CancellationToken cancellationToken)
    {
        CheckFlags(flags, allowed, command);
        CheckRange(offset, length);
        if (length > MaxEffectLength)
            return EffectInStepsAsync(command, offset, length, flags, cancellationToken);
        return length == 0 ? ValueTask.CompletedTask : Pick().ExecuteAsync(command, flags, offset, length, default, cancellationToken);
    }

    private async ValueTask EffectInStepsAsync(NbdCommand command, ulong offset, ulong length, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        for (var done = 0UL; done < length;)
        {
            var step = Math.Min(length - done, MaxEffectLength);
            await Pick().ExecuteAsync(command, flags, offset + done, step, default, cancellationToken).ConfigureAwait(false);
            done += step;
        }
    }

    private void CheckRange(ulong offset, ulong length)
    {
        var size = Export.Size;
        if (offset > size || length > size - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Offset {offset}, length {length} is not within the export of {size} bytes.");
        var mask = (ulong)Export.MinimumBlockSize - 1;
        if (((offset | length) & mask) != 0)
        {
            throw new ArgumentException(
                $"Offset {offset}, length {length} is not aligned: the export's minimum block size is {Export.MinimumBlockSize} bytes.", nameof(offset));
        }
    }

    private void CheckFlags(NbdCommandFlags flags, NbdCommandFlags allowed, NbdCommand command)
    {
        if (flags == NbdCommandFlags.None)
            return;
        if ((flags & ~allowed) != 0)
            throw new ArgumentException($"{NbdConstants.CommandName(command)} does not know {flags & ~allowed}.", nameof(flags));
        if ((flags & NbdCommandFlags.Fua) != 0)
            Require(NbdTransmissionFlags.SendFua, "NBD_FLAG_SEND_FUA", "FUA");
        if ((flags & NbdCommandFlags.DontFragment) != 0)
            Require(NbdTransmissionFlags.SendDf, "NBD_FLAG_SEND_DF", "unfragmented reads");
        if ((flags & NbdCommandFlags.FastZero) != 0)
            Require(NbdTransmissionFlags.SendFastZero, "NBD_FLAG_SEND_FAST_ZERO", "fast zero");
    }

    private void CheckWritable()
    {
        if (Export.IsReadOnly)
            throw new NbdNotSupportedException("NBD_FLAG_READ_ONLY", $"The export \"{EscapedText.From(Export.Name)}\" is read-only.");
    }

    private void Require(NbdTransmissionFlags flag, string name, string what)
    {
        if ((Export.Flags & flag) == 0)
            throw new NbdNotSupportedException(name, $"The export \"{EscapedText.From(Export.Name)}\" does not offer {what} ({name}).");
    }
}

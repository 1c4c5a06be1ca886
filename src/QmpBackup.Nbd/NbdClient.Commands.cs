using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transmission;

namespace QmpBackup.Nbd;

public sealed partial class NbdClient
{
    /// <summary>Limit of requests in flight for one split call.</summary>
    private const int SplitWindow = 8;

    /// <summary>Limit of one request without payload, in bytes: a server could not trim terabytes in time.</summary>
    private const long MaxEffectLength = 1 << 30;

    /// <summary>Reads (<c>NBD_CMD_READ</c>). Returns when the whole buffer is filled.</summary>
    /// <param name="buffer">Receives the data. Its length and <paramref name="offset"/> are multiples of the minimum block size.</param>
    /// <param name="offset">First byte to read.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.DontFragment"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait. The client does not touch the buffer afterwards.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdCommandException">The server answered with an error.</exception>
    /// <exception cref="NbdException">The server did not answer in time, or the connection is closed.</exception>
    public ValueTask ReadAsync(
        Memory<byte> buffer, long offset, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckFlags(flags, NbdCommandFlags.DontFragment, NbdCommand.Read);
        CheckRange(offset, buffer.Length);
        if (buffer.Length > _maxPayload)
            return SplitAsync(NbdCommand.Read, buffer, offset, flags, cancellationToken);
        if (buffer.IsEmpty)
            return ValueTask.CompletedTask;
        var buffers = new RequestBuffers(Destination: buffer);
        return Pick().ExecuteAsync(NbdCommand.Read, flags, offset, buffer.Length, buffers, cancellationToken);
    }

    /// <summary>Writes (<c>NBD_CMD_WRITE</c>).</summary>
    /// <param name="data">The data. Its length and <paramref name="offset"/> are multiples of the minimum block size.</param>
    /// <param name="offset">First byte to write.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.Fua"/> or none.</param>
    /// <param name="cancellationToken">
    /// Ends the wait, but not before the payload has been sent. The data may or may not be written then.
    /// </param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export is read-only or does not support the flag.</exception>
    /// <exception cref="NbdCommandException">The server answered with an error.</exception>
    /// <exception cref="NbdException">The server did not answer in time, or the connection is closed.</exception>
    public ValueTask WriteAsync(
        ReadOnlyMemory<byte> data, long offset, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        CheckFlags(flags, NbdCommandFlags.Fua, NbdCommand.Write);
        CheckRange(offset, data.Length);
        if (data.Length > _maxPayload)
            return SplitAsync(NbdCommand.Write, MemoryMarshal.AsMemory(data), offset, flags, cancellationToken);
        if (data.IsEmpty)
            return ValueTask.CompletedTask;
        var buffers = new RequestBuffers(Source: data);
        return Pick().ExecuteAsync(NbdCommand.Write, flags, offset, data.Length, buffers, cancellationToken);
    }

    /// <summary>Writes zeroes without sending them (<c>NBD_CMD_WRITE_ZEROES</c>), in steps of at most 1 GiB.</summary>
    /// <param name="offset">First byte; a multiple of the minimum block size.</param>
    /// <param name="length">Number of bytes; a multiple of the minimum block size.</param>
    /// <param name="flags">
    /// Any of <see cref="NbdCommandFlags.Fua"/>, <see cref="NbdCommandFlags.NoHole"/>, <see cref="NbdCommandFlags.FastZero"/>.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not support the command or the flag, or is read-only.</exception>
    /// <exception cref="NbdCommandException">
    /// The server answered with an error; <see cref="NbdError.ENOTSUP"/> if a fast zero would not be fast. Parts of the range may already
    /// be zero then (QEMU 10).
    /// </exception>
    /// <exception cref="NbdException">The server did not answer in time, or the connection is closed.</exception>
    public ValueTask WriteZeroesAsync(
        long offset, long length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        Require(NbdTransmissionFlags.SendWriteZeroes, "NBD_FLAG_SEND_WRITE_ZEROES", "write zeroes");
        const NbdCommandFlags allowed = NbdCommandFlags.Fua | NbdCommandFlags.NoHole | NbdCommandFlags.FastZero;
        return EffectAsync(NbdCommand.WriteZeroes, offset, length, flags, allowed, cancellationToken);
    }

    /// <summary>
    /// Tells the server that a range is not needed any more (<c>NBD_CMD_TRIM</c>), in steps of at most 1 GiB. Its content is undefined
    /// afterwards.
    /// </summary>
    /// <param name="offset">First byte; a multiple of the minimum block size.</param>
    /// <param name="length">Number of bytes; a multiple of the minimum block size.</param>
    /// <param name="flags"><see cref="NbdCommandFlags.Fua"/> or none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not support the command or the flag, or is read-only.</exception>
    /// <exception cref="NbdException">The server answered with an error or not in time, or the connection is closed.</exception>
    public ValueTask TrimAsync(
        long offset, long length, NbdCommandFlags flags = NbdCommandFlags.None, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        Require(NbdTransmissionFlags.SendTrim, "NBD_FLAG_SEND_TRIM", "trim");
        return EffectAsync(NbdCommand.Trim, offset, length, flags, NbdCommandFlags.Fua, cancellationToken);
    }

    /// <summary>Tells the server that a range will be read soon (<c>NBD_CMD_CACHE</c>), in steps of at most 1 GiB.</summary>
    /// <param name="offset">First byte; a multiple of the minimum block size.</param>
    /// <param name="length">Number of bytes; a multiple of the minimum block size.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">The range is not aligned or not inside the export.</exception>
    /// <exception cref="NbdNotSupportedException">The export does not support the command.</exception>
    /// <exception cref="NbdException">The server answered with an error or not in time, or the connection is closed.</exception>
    public ValueTask CacheAsync(long offset, long length, CancellationToken cancellationToken = default)
    {
        Require(NbdTransmissionFlags.SendCache, "NBD_FLAG_SEND_CACHE", "cache");
        return EffectAsync(NbdCommand.Cache, offset, length, NbdCommandFlags.None, NbdCommandFlags.None, cancellationToken);
    }

    /// <summary>Makes every answered write of all connections persistent (<c>NBD_CMD_FLUSH</c>).</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="NbdNotSupportedException">The export does not support the command.</exception>
    /// <exception cref="NbdException">The server answered with an error or not in time, or the connection is closed.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        Require(NbdTransmissionFlags.SendFlush, "NBD_FLAG_SEND_FLUSH", "flush");
        // One connection is enough: NBD_FLAG_CAN_MULTI_CONN means that a flush is effective for all of them.
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
            // A lost connection fails the whole client: otherwise the client would just become slower.
            if (connection.Cause is not null)
                return connection;
            if (best is null || connection.Load < best.Load)
                best = connection;
        }

        return best!;
    }

    private async ValueTask SplitAsync(
        NbdCommand command, Memory<byte> memory, long offset, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        // Awaits all parts even if one fails: the memory must not be in use when this returns.
        var window = new ValueTask[SplitWindow];
        Exception? failure = null;
        var started = 0;
        var awaited = 0;
        while (awaited < started || (!memory.IsEmpty && failure is null))
        {
            if (!memory.IsEmpty && failure is null && started - awaited < SplitWindow)
            {
                var part = memory[..Math.Min(memory.Length, _maxPayload)];
                var buffers = command == NbdCommand.Read ? new RequestBuffers(Destination: part) : new RequestBuffers(Source: part);
#pragma warning disable CA2012 // Each is awaited once, below.
                window[started++ % SplitWindow] = Pick().ExecuteAsync(command, flags, offset, part.Length, buffers, cancellationToken);
#pragma warning restore CA2012
                memory = memory[part.Length..];
                offset += part.Length;
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
            ExceptionDispatchInfo.Throw(failure);
    }

    private ValueTask EffectAsync(
        NbdCommand command, long offset, long length, NbdCommandFlags flags, NbdCommandFlags allowed, CancellationToken cancellationToken)
    {
        CheckFlags(flags, allowed, command);
        CheckRange(offset, length);
        if (length > MaxEffectLength)
            return EffectInStepsAsync(command, offset, length, flags, cancellationToken);
        return length == 0 ? ValueTask.CompletedTask : Pick().ExecuteAsync(command, flags, offset, length, default, cancellationToken);
    }

    private async ValueTask EffectInStepsAsync(
        NbdCommand command, long offset, long length, NbdCommandFlags flags, CancellationToken cancellationToken)
    {
        for (var done = 0L; done < length;)
        {
            var step = Math.Min(length - done, MaxEffectLength);
            await Pick().ExecuteAsync(command, flags, offset + done, step, default, cancellationToken).ConfigureAwait(false);
            done += step;
        }
    }

    private void CheckRange(long offset, long length)
    {
        var size = Export.Size;
        if (offset < 0 || length < 0 || offset > size || length > size - offset)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), $"Offset {offset}, length {length} is not inside the export of {size} bytes.");
        }

        if (((offset | length) & (Export.MinimumBlockSize - 1)) != 0)
        {
            throw new ArgumentException(
                $"Offset {offset}, length {length} is not aligned: the minimum block size is {Export.MinimumBlockSize} bytes.",
                nameof(offset));
        }
    }

    private void CheckFlags(NbdCommandFlags flags, NbdCommandFlags allowed, NbdCommand command)
    {
        if (flags == NbdCommandFlags.None)
            return;
        if ((flags & ~allowed) != 0)
            throw new ArgumentException($"{NbdConstants.CommandName(command)} does not support {flags & ~allowed}.", nameof(flags));
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

using QmpBackup.Hashes;
using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>Reads the blocks of an NBD export.</summary>
/// <param name="map">The export's map.</param>
internal sealed class NbdSource(BlockMap map) : IBlockSource
{
    public long Size => map.Client.Export.Size;

    public IAsyncEnumerable<BlockRun> MapAsync(CancellationToken cancellationToken) => map.ReadAsync(0, long.MaxValue, cancellationToken);

    public ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken) =>
        map.Client.ReadAsync(chunk.Bytes, chunk.Offset, cancellationToken: cancellationToken);
}

/// <summary>Writes to an NBD export.</summary>
/// <param name="client">The export.</param>
/// <param name="isBlank">Whether the export is zero wherever nothing was written.</param>
/// <param name="explain">Turns a failure into the one that the user sees.</param>
internal sealed class NbdWriter(NbdClient client, bool isBlank, Func<NbdException, BackupException> explain) : IBlockTarget
{
    private static readonly byte[] Zeroes = new byte[1 << 20];

    /// <inheritdoc/>
    /// <exception cref="BackupException">The write fails.</exception>
    public async ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        foreach (var (first, count) in chunk.Runs())
        {
            var (bytes, offset) = (chunk.BytesOf(first, count), chunk.Offset + (first * HashBlock.Size));
            if (chunk.Zero[first])
                await ZeroAsync(offset, bytes.Length, cancellationToken).ConfigureAwait(false);
            else
                await WriteAsync(bytes, offset, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BackupException">The write fails.</exception>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => ZeroAsync(chunk.Offset, chunk.Length, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="BackupException">The flush fails.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if ((client.Export.Flags & NbdTransmissionFlags.SendFlush) == 0)
            return;
        try
        {
            await client.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw explain(e);
        }
    }

    // An export of larger blocks is longer than a disk that ends within a block.
    private long Padded(long length) =>
        (length + client.Export.MinimumBlockSize - 1) / client.Export.MinimumBlockSize * client.Export.MinimumBlockSize;

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        try
        {
            if (Padded(bytes.Length) is var padded && padded > bytes.Length)
            {
                var block = new byte[padded];
                bytes.CopyTo(block);
                bytes = block;
            }

            await client.WriteAsync(bytes, offset, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw explain(e);
        }
    }

    private async Task ZeroAsync(long offset, long length, CancellationToken cancellationToken)
    {
        if (isBlank)
            return;
        length = Padded(length);
        try
        {
            if ((client.Export.Flags & NbdTransmissionFlags.SendWriteZeroes) != 0)
            {
                await client.WriteZeroesAsync(offset, length, cancellationToken: cancellationToken).ConfigureAwait(false);
                return;
            }

            for (var end = offset + length; offset < end;)
            {
                var step = (int)Math.Min(end - offset, Zeroes.Length);
                await client.WriteAsync(Zeroes.AsMemory(0, step), offset, cancellationToken: cancellationToken).ConfigureAwait(false);
                offset += step;
            }
        }
        catch (NbdException e)
        {
            throw explain(e);
        }
    }
}

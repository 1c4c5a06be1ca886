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
/// <param name="explain">Turns a failure into the one that the user sees.</param>
internal sealed class NbdWriter(NbdClient client, Func<NbdException, BackupException> explain)
{
    private static readonly byte[] Zeroes = new byte[1 << 20];

    /// <summary>Writes bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">The place on the disk, in bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The write fails.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        try
        {
            await client.WriteAsync(bytes, offset, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw explain(e);
        }
    }

    /// <summary>Writes zeroes.</summary>
    /// <param name="offset">The place on the disk, in bytes.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The write fails.</exception>
    public async Task ZeroAsync(long offset, long length, CancellationToken cancellationToken)
    {
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

    /// <summary>Whether the server can put what was written on stable storage.</summary>
    public bool CanFlush => (client.Export.Flags & NbdTransmissionFlags.SendFlush) != 0;

    /// <summary>Puts what was written on stable storage.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">The flush fails.</exception>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw explain(e);
        }
    }
}

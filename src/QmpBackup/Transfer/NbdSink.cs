using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>Writes to an NBD export.</summary>
/// <param name="client">The export.</param>
internal sealed class NbdSink(NbdClient client) : IBlockSink
{
    private static readonly byte[] Zeroes = new byte[1 << 20];

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken)
    {
        try
        {
            await client.WriteAsync(bytes, offset, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw Failed(e);
        }
    }

    public async ValueTask ZeroAsync(long offset, long length, CancellationToken cancellationToken)
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
            throw Failed(e);
        }
    }

    /// <summary>What a failure of the target is to the user.</summary>
    public static BackupException Failed(NbdException e) => new(BackupErrorCode.Storage, $"Writing to the target failed: {e.Message.TrimEnd('.')}.", null, e);
}

namespace QmpBackup.Transfer;

/// <summary>Takes the blocks of a disk that were found right.</summary>
internal interface IBlockSink
{
    /// <summary>Takes bytes. Called many times at once.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Where on the disk.</param>
    /// <param name="cancellationToken">Stops it.</param>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, long offset, CancellationToken cancellationToken);

    /// <summary>Takes a range of zeroes.</summary>
    /// <param name="offset">Where on the disk.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="cancellationToken">Stops it.</param>
    ValueTask ZeroAsync(long offset, long length, CancellationToken cancellationToken);
}

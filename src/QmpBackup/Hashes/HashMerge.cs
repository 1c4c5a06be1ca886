namespace QmpBackup.Hashes;

/// <summary>Merges the hashes of a point with those of the point that it is built on.</summary>
internal static class HashMerge
{
    /// <summary>Writes the hashes of both: where both have an entry for a block, the upper one counts.</summary>
    /// <param name="upper">The hashes of the point.</param>
    /// <param name="lower">The hashes of the point that it is built on.</param>
    /// <param name="path">Where to: a file of this name is replaced.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The digest of the file, and how much of the disk is data and how much is zero, in bytes.</returns>
    /// <exception cref="InvalidDataException">A file does not have its digest.</exception>
    public static (string Digest, long Data, long Zero) Write(
        HashSource upper, HashSource lower, string path, CancellationToken cancellationToken)
    {
        using var both = HashLayers.Open([upper, lower]);
        using var writer = HashFileWriter.Create(path, both.DiskSize);
        var (data, zero, end) = (0L, 0L, HashBlock.Count(both.DiskSize));
        for (var block = 0L; block < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var run = both.At(block);
            var until = Math.Min(run.End, end);
            var length = Math.Min(until * HashBlock.Size, both.DiskSize) - (block * HashBlock.Size);
            if (run.Kind == HashKind.Zero)
            {
                writer.AddZeroes(block, until - block);
                zero += length;
            }
            else if (run.Kind == HashKind.Data)
            {
                for (var one = block; one < until; one++)
                    writer.Add(one, run.Hashes![one]);
                data += length;
            }

            block = until;
        }

        return (writer.Complete(), data, zero);
    }

    /// <summary>How much data the upper point has where the lower one has none, in bytes.</summary>
    /// <param name="upper">The hashes of the point.</param>
    /// <param name="lower">The hashes of the point that it is built on.</param>
    /// <exception cref="InvalidDataException">A file does not have its digest.</exception>
    public static long CountNew(HashSource upper, HashSource lower)
    {
        using var one = HashFileReader.Open(upper);
        using var other = HashFileReader.Open(lower);
        var (bytes, end) = (0L, Math.Min(HashBlock.Count(one.DiskSize), HashBlock.Count(other.DiskSize)));
        for (var block = 0L; block < end;)
        {
            var (kind, _, until) = one.Find(block);
            if (kind != HashKind.Data)
            {
                block = until;
                continue;
            }

            var (below, _, same) = other.Find(block);
            until = Math.Min(Math.Min(until, same), end);
            if (below != HashKind.Data)
                bytes += (until - block) * HashBlock.Size;
            block = until;
        }

        return bytes;
    }
}

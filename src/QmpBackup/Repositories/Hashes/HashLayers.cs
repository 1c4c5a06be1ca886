namespace QmpBackup.Repositories.Hashes;

/// <summary>
/// The hashes of a disk as a point sees it: those of the point itself, and where it has none those of its parent, and so on. Read once, from the first block
/// to the last, with a few KiB of memory for each layer.
/// </summary>
internal sealed class HashLayers : IDisposable
{
    private readonly List<HashFileReader> _layers = [];

    private HashLayers()
    {
    }

    /// <summary>The disk's size, in bytes.</summary>
    public long DiskSize => _layers[0].DiskSize;

    /// <summary>Opens the files.</summary>
    /// <param name="paths">The point's own first, the full one last.</param>
    /// <exception cref="InvalidDataException">One is no file of hashes.</exception>
    public static HashLayers Open(IEnumerable<string> paths)
    {
        var layers = new HashLayers();
        try
        {
            foreach (var path in paths) layers._layers.Add(HashFileReader.Open(path));
            return layers;
        }
        catch
        {
            layers.Dispose();
            throw;
        }
    }

    /// <summary>The run that begins at <paramref name="block"/>. Blocks are to be asked for in ascending order.</summary>
    /// <param name="block">A block's number.</param>
    public HashRun At(long block)
    {
        var end = long.MaxValue;
        for (var i = 0; i < _layers.Count; i++)
        {
            var layer = _layers[i];
            layer.SeekTo(block);
            if (layer.First <= block) return new HashRun(layer.Kind, Math.Min(end, layer.End), i, layer);
            end = Math.Min(end, layer.First);
        }

        return new HashRun(HashKind.Inherited, end, -1, null);
    }

    /// <summary>How much of the disk is data, in bytes. Goes through all of the files, so that nothing can be asked for afterwards.</summary>
    public long CountData()
    {
        var (data, end) = (0L, HashBlock.Count(DiskSize));
        for (var block = 0L; block < end;)
        {
            var run = At(block);
            var until = Math.Min(run.End, end);
            if (run.Kind == HashKind.Data) data += Math.Min(until * HashBlock.Size, DiskSize) - (block * HashBlock.Size);
            block = until;
        }

        return data;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
    }
}

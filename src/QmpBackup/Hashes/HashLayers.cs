namespace QmpBackup.Hashes;

/// <summary>A run of blocks of the same kind.</summary>
/// <param name="Kind">The kind; <see cref="HashKind.Inherited"/> where no layer has an entry.</param>
/// <param name="First">Its first block.</param>
/// <param name="End">The block behind it.</param>
/// <param name="Layer">The layer that has the entry; -1 where none has.</param>
/// <param name="Hashes">The hashes of a run of data. Valid until the next run is requested.</param>
internal readonly record struct HashRun(HashKind Kind, long First, long End, int Layer, HashFileReader? Hashes);

/// <summary>
/// The hashes of a disk as a point sees it: those of the point itself, where it has none those of its parent, and so on. Can be read in any
/// order, with a few tens of KiB of memory for each layer.
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
    /// <param name="files">The point's own first, the full one last.</param>
    /// <exception cref="InvalidDataException">A file does not have its digest.</exception>
    public static HashLayers Open(IEnumerable<HashSource> files)
    {
        var layers = new HashLayers();
        try
        {
            foreach (var file in files)
            {
                var layer = HashFileReader.Open(file);
                layers._layers.Add(layer);
                if (layer.DiskSize != layers.DiskSize)
                    throw new InvalidDataException($"{Path.GetFileName(file.Path)} is of a disk of another size");
            }

            return layers;
        }
        catch
        {
            layers.Dispose();
            throw;
        }
    }

    /// <summary>The run around a block of which the layers say the same.</summary>
    /// <param name="block">A block of the disk.</param>
    /// <exception cref="InvalidDataException">A file was altered here.</exception>
    public HashRun At(long block)
    {
        var (first, end) = (0L, long.MaxValue);
        for (var i = 0; i < _layers.Count; i++)
        {
            var run = _layers[i].Find(block);
            (first, end) = (Math.Max(first, run.First), Math.Min(end, run.End));
            if (run.Kind != HashKind.Inherited)
                return new HashRun(run.Kind, first, end, i, _layers[i]);
        }

        return new HashRun(HashKind.Inherited, first, end, -1, null);
    }

    /// <summary>How much of the disk is data, in bytes. Goes through all of the files.</summary>
    public long CountData()
    {
        var (data, end) = (0L, HashBlock.Count(DiskSize));
        for (var block = 0L; block < end;)
        {
            var run = At(block);
            var until = Math.Min(run.End, end);
            if (run.Kind == HashKind.Data)
                data += Math.Min(until * HashBlock.Size, DiskSize) - (block * HashBlock.Size);
            block = until;
        }

        return data;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in _layers)
            layer.Dispose();
    }
}

namespace QmpBackup.Repositories.Checking;

/// <summary>Collects what is wrong with a disk's content: how many blocks, and the first.</summary>
internal sealed class DamageReport
{
    private readonly Lock _lock = new();
    private long _blocks;
    private long _first = long.MaxValue;
    private string _what = "";

    /// <summary>The layer of the first wrong block; -1 where no layer is to blame.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>Whether anything is wrong.</summary>
    public bool IsDamaged => Volatile.Read(ref _blocks) > 0;

    /// <summary>What is wrong, in words; null where nothing is.</summary>
    public string? Problem => _blocks == 0 ? null
        : $"{_what} at offset {_first * Hashes.HashBlock.Size}" + (_blocks > 1 ? $", and {_blocks - 1} more block{(_blocks > 2 ? "s" : "")}" : "");

    /// <summary>Adds blocks.</summary>
    /// <param name="block">The first.</param>
    /// <param name="count">How many.</param>
    /// <param name="layer">Whose they are.</param>
    /// <param name="what">What is wrong with them.</param>
    public void Add(long block, long count, int layer, string what)
    {
        lock (_lock)
        {
            _blocks += count;
            if (block >= _first) return;
            (_first, _what, Layer) = (block, what, layer);
        }
    }
}

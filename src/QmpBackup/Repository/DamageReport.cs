namespace QmpBackup.Repository;

/// <summary>Collects what is wrong with a disk's content: how many blocks, and the first. What could not be read is told apart: nothing is known of it.</summary>
internal sealed class DamageReport
{
    private readonly Lock _lock = new();
    private long _blocks;
    private long _first = long.MaxValue;
    private string _what = "";
    private string? _failure;

    /// <summary>The layer of the first wrong block; -1 where none is wrong.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>Whether anything is wrong, or could not be read.</summary>
    public bool IsSpoilt => Volatile.Read(ref _blocks) > 0 || Volatile.Read(ref _failure) is not null;

    /// <summary>What is wrong, in words: it was read and is not what was written. Null where nothing is.</summary>
    public string? Problem => _blocks == 0 ? null
        : $"{_what} at offset {_first * Hashes.HashBlock.Size}" + (_blocks > 1 ? $", and {_blocks - 1} more block{(_blocks > 2 ? "s" : "")}" : "");

    /// <summary>Why something could not be read; null where all was.</summary>
    public string? Failure => _failure;

    /// <summary>Whether it was the server that would not read it, so that the image may be to blame; false where the server went away.</summary>
    public bool IsRefused { get; private set; }

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
            if (block >= _first)
                return;
            (_first, _what, Layer) = (block, what, layer);
        }
    }

    /// <summary>Adds that something could not be read.</summary>
    /// <param name="why">Why.</param>
    /// <param name="isRefused">Whether the server answered that it cannot.</param>
    public void Fail(string why, bool isRefused)
    {
        lock (_lock)
        {
            if (_failure is not null)
                return;
            IsRefused = isRefused;
            _failure = why;
        }
    }
}

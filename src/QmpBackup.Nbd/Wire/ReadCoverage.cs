namespace QmpBackup.Nbd.Wire;

/// <summary>
/// Which bytes of a read have come: every byte exactly once, whatever the order of the chunks. Chunks in order, the usual case, are one range that grows.
/// </summary>
internal sealed class ReadCoverage
{
    /// <summary>A reply that leaves more gaps than this between its chunks is not one of a server that means well.</summary>
    private const int MaxRanges = 4096;

    private readonly List<(ulong Start, ulong End)> _ranges = [];

    internal void Clear() => _ranges.Clear();

    internal bool IsComplete(ulong length) => _ranges.Count == 1 && _ranges[0] == (0, length);

    /// <summary>Adds a range; returns what is wrong with it, or null.</summary>
    internal string? Add(ulong start, ulong end)
    {
        var low = 0;
        var high = _ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].End <= start)
                low = middle + 1;
            else
                high = middle;
        }

        // low: the first range that ends behind the start of the new one.
        if (low < _ranges.Count && _ranges[low].Start < end)
            return "overlaps an earlier chunk";
        var joinsNext = low < _ranges.Count && _ranges[low].Start == end;
        if (low > 0 && _ranges[low - 1].End == start)
        {
            _ranges[low - 1] = (_ranges[low - 1].Start, joinsNext ? _ranges[low].End : end);
            if (joinsNext)
                _ranges.RemoveAt(low);
            return null;
        }

        if (joinsNext)
        {
            _ranges[low] = (start, _ranges[low].End);
            return null;
        }

        if (_ranges.Count == MaxRanges)
            return "scatters the reply over too many pieces";
        _ranges.Insert(low, (start, end));
        return null;
    }
}

namespace QmpBackup.Nbd.Transmission;

/// <summary>
/// The bytes of a read that have arrived. Each byte must arrive exactly once, in any order of the chunks. Chunks that arrive in order,
/// which is usual, are one growing range.
/// </summary>
internal sealed class ReadCoverage
{
    /// <summary>Limit of separate ranges: a hostile server could send a reply with gaps without end.</summary>
    private const int MaxRanges = 4096;

    private readonly List<(long Start, long End)> _ranges = [];

    internal void Clear() => _ranges.Clear();

    internal bool IsComplete(long length) => _ranges.Count == 1 && _ranges[0] == (0, length);

    /// <summary>Adds a range. Returns a violation as the end of a sentence, or null.</summary>
    internal string? Add(long start, long end)
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

        // low is the first range that ends after the start of the new one.
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
            return "splits the reply into too many pieces";
        _ranges.Insert(low, (start, end));
        return null;
    }
}

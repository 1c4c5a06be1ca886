namespace QmpBackup.Nbd.Wire;

/// <summary>
/// Merges the runs of all contexts into one sequence of extents. The flags of an extent are shared among extents that have the same ones:
/// a map has few different ones, so that a million extents cost a handful of arrays.
/// </summary>
internal sealed class ExtentCursor(int contexts)
{
    private const int MaxShared = 64;

    private readonly List<ulong[]> _shared = [];
    private readonly int[] _index = new int[contexts];
    private readonly ulong[] _ends = new ulong[contexts];
    private readonly ulong[] _flags = new ulong[contexts];
    private ulong _position;
    private ulong _end;

    /// <summary>Starts with an answer; returns up to where all contexts are known.</summary>
    internal ulong Load(StatusCollector status, ulong position, ulong end)
    {
        _position = position;
        _end = end;
        for (var context = 0; context < contexts; context++)
        {
            var reach = status.Offset;
            foreach (var run in status[context])
                reach = SaturatingAdd(reach, run.Length);
            _end = Math.Min(_end, reach);
            _index[context] = -1;
            _ends[context] = status.Offset;
        }

        return _end;
    }

    internal bool TryNext(StatusCollector status, out NbdExtent extent)
    {
        if (_position >= _end)
        {
            extent = default;
            return false;
        }

        var start = _position;
        ulong[]? shared = null;
        while (_position < _end)
        {
            var boundary = _end;
            for (var context = 0; context < contexts; context++)
            {
                var runs = status[context];
                while (_ends[context] <= _position)
                    _ends[context] = SaturatingAdd(_ends[context], runs[++_index[context]].Length);
                _flags[context] = runs[_index[context]].Flags;
                boundary = Math.Min(boundary, _ends[context]);
            }

            if (shared is not null && !_flags.AsSpan().SequenceEqual(shared))
                break;
            shared ??= Share();
            _position = boundary;
        }

        extent = new NbdExtent(start, _position - start, shared!);
        return true;
    }

    private ulong[] Share()
    {
        foreach (var known in _shared)
        {
            if (_flags.AsSpan().SequenceEqual(known))
                return known;
        }

        ulong[] copy = [.. _flags];
        if (_shared.Count < MaxShared)
            _shared.Add(copy);
        return copy;
    }

    private static ulong SaturatingAdd(ulong a, ulong b) => a > ulong.MaxValue - b ? ulong.MaxValue : a + b;
}

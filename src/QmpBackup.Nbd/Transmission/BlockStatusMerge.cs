using System.Runtime.InteropServices;

namespace QmpBackup.Nbd.Transmission;

/// <summary>Collects the answer to a block status request: one bounded list of descriptors for each context.</summary>
internal sealed class StatusCollector(int contexts, int maxExtents)
{
    private readonly List<NbdStatusDescriptor>[] _lists = [.. Enumerable.Range(0, contexts).Select(_ => new List<NbdStatusDescriptor>())];
    private readonly bool[] _full = new bool[contexts];

    internal long Offset { get; private set; }

    /// <summary>Number of descriptors of the context that has most.</summary>
    internal int Count => _lists.Max(list => list.Count);

    internal void Reset(long offset)
    {
        Offset = offset;
        foreach (var list in _lists)
            list.Clear();
        Array.Clear(_full);
    }

    internal ReadOnlySpan<NbdStatusDescriptor> this[int context] => CollectionsMarshal.AsSpan(_lists[context]);

    /// <summary>
    /// Adds a descriptor. Those beyond the limit are dropped: the answer is shorter then, and the client requests the rest again.
    /// </summary>
    /// <param name="context">Index of the context.</param>
    /// <param name="length">Length in bytes. All lengths of a context together do not exceed the size of the export.</param>
    /// <param name="flags">Flags of the context.</param>
    internal void Add(int context, long length, ulong flags)
    {
        var list = _lists[context];
        if (_full[context])
            return;
        var descriptors = CollectionsMarshal.AsSpan(list);
        if (!descriptors.IsEmpty && descriptors[^1].Flags == flags)
            descriptors[^1] = new NbdStatusDescriptor(descriptors[^1].Length + length, flags);
        else if (list.Count == maxExtents)
            _full[context] = true;
        else
            list.Add(new NbdStatusDescriptor(length, flags));
    }

    internal NbdBlockStatus ToBlockStatus() =>
        new(Offset, [.. _lists.Select(list => (IReadOnlyList<NbdStatusDescriptor>)list.AsReadOnly())]);
}

/// <summary>
/// Merges the descriptors of all contexts into one sequence of extents. Extents with the same flags share one array: a map has few
/// different combinations, so that a million extents need only a few arrays.
/// </summary>
internal sealed class ExtentCursor(int contexts)
{
    private const int MaxShared = 64;

    private readonly List<ulong[]> _shared = [];
    private readonly int[] _index = new int[contexts];
    private readonly long[] _ends = new long[contexts];
    private readonly ulong[] _flags = new ulong[contexts];
    private long _position;
    private long _end;

    /// <summary>Starts with an answer. Returns the end of the range that all contexts cover.</summary>
    internal long Load(StatusCollector status, long position, long end)
    {
        _position = position;
        _end = end;
        for (var context = 0; context < contexts; context++)
        {
            var covered = status.Offset;
            foreach (var descriptor in status[context])
                covered += descriptor.Length;
            _end = Math.Min(_end, covered);
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
                var descriptors = status[context];
                while (_ends[context] <= _position)
                    _ends[context] += descriptors[++_index[context]].Length;
                _flags[context] = descriptors[_index[context]].Flags;
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
}

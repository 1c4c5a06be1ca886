using System.Runtime.InteropServices;

namespace QmpBackup.Nbd.Wire;

/// <summary>Gathers the answer to a block status request: one list of runs for each context, bounded.</summary>
internal sealed class StatusCollector(int contexts, int maxExtents)
{
    private readonly List<NbdStatusDescriptor>[] _lists = [.. Enumerable.Range(0, contexts).Select(_ => new List<NbdStatusDescriptor>())];
    private readonly bool[] _full = new bool[contexts];

    internal ulong Offset { get; private set; }

    /// <summary>The runs of the context that has most.</summary>
    internal int Count => _lists.Max(list => list.Count);

    internal void Reset(ulong offset)
    {
        Offset = offset;
        foreach (var list in _lists)
            list.Clear();
        Array.Clear(_full);
    }

    internal ReadOnlySpan<NbdStatusDescriptor> this[int context] => CollectionsMarshal.AsSpan(_lists[context]);

    /// <summary>Adds a run. What is beyond the bound is dropped: then the answer is merely shorter, and the rest is asked for again.</summary>
    internal void Add(int context, ulong length, ulong flags)
    {
        var list = _lists[context];
        if (_full[context])
            return;
        var runs = CollectionsMarshal.AsSpan(list);
        if (!runs.IsEmpty && runs[^1].Flags == flags && runs[^1].Length <= ulong.MaxValue / 2 && length <= ulong.MaxValue / 2)
            runs[^1] = new NbdStatusDescriptor(runs[^1].Length + length, flags);
        else if (list.Count == maxExtents)
            _full[context] = true;
        else
            list.Add(new NbdStatusDescriptor(length, flags));
    }

    internal NbdBlockStatus ToBlockStatus() => new(Offset, [.. _lists.Select(list => (IReadOnlyList<NbdStatusDescriptor>)list.AsReadOnly())]);
}

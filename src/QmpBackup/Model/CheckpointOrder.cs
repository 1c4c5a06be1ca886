using System.Collections.Immutable;

namespace QmpBackup.Model;

/// <summary>Puts checkpoints in order.</summary>
internal static class CheckpointOrder
{
    /// <summary>
    /// By time, but never a checkpoint before its predecessor: two can be of one second, and a clock may have been set back between them. Names come from QEMU, so that
    /// a ring of predecessors must not hang us.
    /// </summary>
    public static ImmutableArray<T> InOrder<T>(IEnumerable<T> items, Func<T, CheckpointId> idOf, Func<T, CheckpointId?> predecessorOf)
    {
        var byTime = items.OrderBy(idOf).ToList();
        var ordered = ImmutableArray.CreateBuilder<T>(byTime.Count);
        var seen = new HashSet<CheckpointId>();
        foreach (var item in byTime)
        {
            var line = new Stack<CheckpointId>();
            for (CheckpointId? next = idOf(item); next is { } id && seen.Add(id); next = Before(id))
                line.Push(id);
            foreach (var id in line)
                ordered.AddRange(byTime.Where(i => idOf(i) == id));
        }

        return ordered.ToImmutable();

        CheckpointId? Before(CheckpointId id) =>
            byTime.Where(i => idOf(i) == id).Select(predecessorOf).FirstOrDefault(p => p is { } before && byTime.Any(i => idOf(i) == before));
    }
}

using System.Collections.Immutable;

namespace QmpBackup.Planning;

/// <summary>Estimates the room that a backup's scratch images take: what the guest overwrites while the point in time is read.</summary>
internal static class ScratchEstimate
{
    // Of one disk: less is no room to give way in.
    private const long Least = 16 << 20;

    // How fast a reader is taken to be, in bytes a second: a gigabit line.
    private const double ReadRate = 100e6;

    // A backup's hour may be a busy one.
    private const double Caution = 2;

    // What was written in less time than this tells of no rate.
    private const double LeastSeconds = 60;

    /// <summary>Estimates it.</summary>
    /// <param name="choices">What is taken of each disk.</param>
    /// <param name="now">The time of the point.</param>
    /// <returns>Bytes.</returns>
    public static long Of(ImmutableArray<DiskChoice> choices, DateTimeOffset now) => OfEach(choices, now).Sum();

    /// <summary>Estimates the room that the largest of the scratch images takes.</summary>
    /// <param name="choices">What is taken of each disk.</param>
    /// <param name="now">The time of the point.</param>
    /// <returns>Bytes.</returns>
    public static long Largest(ImmutableArray<DiskChoice> choices, DateTimeOffset now) => OfEach(choices, now).DefaultIfEmpty().Max();

    private static IEnumerable<long> OfEach(ImmutableArray<DiskChoice> choices, DateTimeOffset now)
    {
        var seconds = choices.Sum(ToRead) / ReadRate;
        return choices.Select(c => Math.Min(c.Disk.Size, Math.Max(Least, (long)Overwritten(c, now, seconds))));
    }

    // How fast the guest writes is known where a bitmap recorded; a block that is overwritten twice takes room once. Else one hundredth is
    // assumed.
    private static double Overwritten(DiskChoice choice, DateTimeOffset now, double seconds) => choice.Old is { } old
        ? old.Bitmap.Count * Math.Min(1, Caution * seconds / Math.Max(LeastSeconds, (now - old.Checkpoint.Time).TotalSeconds))
        : Held(choice) / 100.0;

    private static double ToRead(DiskChoice choice) =>
        choice is { Level: BackupLevel.Incremental, Old: { } old } ? old.Bitmap.Count : Held(choice);

    // A device reports no allocation: it counts as full.
    private static double Held(DiskChoice choice) =>
        choice.Disk.Node.AllocatedSize is > 0 and var held ? Math.Min(held, choice.Disk.Size) : choice.Disk.Size;
}

namespace QmpBackup.Transfer;

/// <summary>What the guest has asked of its disks since it was started, as QEMU counts it.</summary>
/// <param name="Operations">Completed reads, writes and flushes.</param>
/// <param name="Nanoseconds">How long they took, all together.</param>
internal readonly record struct GuestLoad(long Operations, long Nanoseconds);

/// <summary>
/// Decides how fast the VM is read, so that the guest keeps its speed. It compares what the guest does while the VM is read with what it
/// does in a short pause of the reading, and repeats that pause now and then, because the guest's work changes. Both count: the rate, which
/// a guest that waits for its own I/O loses, and the time that each request takes. A pure function of its input, without a clock.
/// </summary>
/// <param name="keep">How much of its speed the guest is to keep, from 0 to 1.</param>
/// <param name="floor">How fast the VM is read in any case, in bytes a second: a backup has to end.</param>
internal sealed class PaceController(double keep, long floor)
{
    // Requests a second that make a guest busy.
    private const double Busy = 20;

    // After so many looks in a row the guest's own speed is measured again.
    private const int LooksBetweenPauses = 8;

    // The first limit when a busy guest is met, and what no limit is worth keeping above.
    private const long First = 32L << 20;
    private const long Highest = 4L << 30;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private GuestLoad? _before;
    private (double Rate, double Latency)? _alone;
    private double _limit = First;
    private int _looks;

    /// <summary>How fast to read until the next look.</summary>
    public ReadPace Pace { get; private set; } = ReadPace.Free;

    /// <summary>When to look again.</summary>
    public TimeSpan Next => Pace == ReadPace.Paused ? Pause : Look;

    /// <summary>Takes a look at the guest.</summary>
    /// <param name="load">What QEMU has counted.</param>
    /// <param name="elapsed">How long the look before was ago.</param>
    /// <param name="bytes">How much was read of the VM since then.</param>
    public void Observe(GuestLoad load, TimeSpan elapsed, long bytes)
    {
        if (_before is { } before && elapsed > TimeSpan.Zero && load.Operations >= before.Operations)
        {
            var operations = load.Operations - before.Operations;
            var rate = operations / elapsed.TotalSeconds;
            var latency = operations > 0 ? (double)(load.Nanoseconds - before.Nanoseconds) / operations : 0;
            Decide(rate, latency, bytes / elapsed.TotalSeconds);
        }

        _before = load;
    }

    /// <summary>Forgets the guest: QEMU could not be asked. The pace stays what it is, but no pause.</summary>
    public void Miss()
    {
        _before = null;
        if (Pace == ReadPace.Paused)
            Pace = new ReadPace((long)_limit);
    }

    private void Decide(double rate, double latency, double bytesPerSecond)
    {
        if (Pace == ReadPace.Paused)
        {
            _alone = rate >= Busy ? (rate, latency) : null;
            _looks = 0;
        }
        else if (_alone is { } alone)
        {
            // A limit that the reading does not reach is not why the guest is slow, or fast.
            Adapt(Math.Min(rate / alone.Rate, latency > 0 ? alone.Latency / latency : 1), Math.Min(_limit, bytesPerSecond * 2));
        }

        Pace = _alone is null && Pace == ReadPace.Paused ? ReadPace.Free
            : _alone is null ? (rate >= Busy ? ReadPace.Paused : ReadPace.Free)
            : ++_looks > LooksBetweenPauses ? ReadPace.Paused : new ReadPace((long)_limit);
    }

    private void Adapt(double kept, double used)
    {
        var factor = kept < keep ? Math.Max(0.5, kept / keep) : kept > keep + ((1 - keep) / 3) ? 1.25 : 1;
        _limit = Math.Clamp(used * factor, floor, Highest);
    }
}

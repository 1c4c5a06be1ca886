namespace QmpBackup.Transfer;

/// <summary>
/// Counts what all disks have to read and have read, and reports it a few times a second. Zeroes that need no reading do not count: the
/// reported speed would be too high.
/// </summary>
internal sealed class ProgressMeter
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RateSpan = TimeSpan.FromSeconds(5);

    // The remaining time is computed from a steadier rate than the one that is shown, and not in the first moments.
    private static readonly TimeSpan SteadySpan = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private readonly IProgress<PullProgress>? _progress;
    private readonly TimeProvider _time;
    private readonly double _maxRate;
    private readonly Queue<(long Time, long Read)> _samples = new();
    private readonly Lock _lock = new();
    private readonly long _begin;
    private long _total;
    private long _reported;
    private long _done;
    private long _read;

    /// <summary>A meter.</summary>
    /// <param name="total">How much has to be read, in bytes, as far as is known now.</param>
    /// <param name="progress">Receives reports; may be null.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxRate">The rate that reading is limited to, in bytes a second; null for no limit.</param>
    public ProgressMeter(long total, IProgress<PullProgress>? progress, TimeProvider time, long? maxRate = null)
    {
        (_total, _progress, _time, _maxRate) = (total, progress, time, maxRate ?? double.PositiveInfinity);
        _begin = _reported = time.GetTimestamp();
        _samples.Enqueue((_reported, 0));
    }

    /// <summary>Counts work that was done.</summary>
    /// <param name="done">How much of the work was done, in bytes.</param>
    /// <param name="read">How much was read for it, in bytes.</param>
    public void Add(long done, long read)
    {
        if (_progress is null)
            return;
        PullProgress? due = null;
        lock (_lock)
        {
            _done += done;
            _read += read;
            var now = _time.GetTimestamp();
            if (_time.GetElapsedTime(_reported, now) >= Interval)
                due = Report(now);
        }

        if (due is { } report)
            _progress.Report(report);
    }

    /// <summary>Changes the amount that has to be read.</summary>
    /// <param name="change">How much more, in bytes; negative for less.</param>
    public void Expect(long change)
    {
        lock (_lock)
            _total += change;
    }

    /// <summary>Reports that everything is done.</summary>
    public void Finish()
    {
        if (_progress is null)
            return;
        PullProgress report;
        lock (_lock)
        {
            _done = _total;
            report = Report(_time.GetTimestamp());
        }

        _progress.Report(report);
    }

    private PullProgress Report(long now)
    {
        _reported = now;
        _samples.Enqueue((now, _read));
        while (_samples.Count > 2 && _time.GetElapsedTime(_samples.Peek().Time, now) > SteadySpan)
            _samples.Dequeue();
        var total = Math.Max(_total, 0);
        var done = Math.Clamp(_done, 0, total);
        var steady = Rate(_samples.Peek(), now);
        return new PullProgress(done, total, _read, Rate(_samples.First(s => _time.GetElapsedTime(s.Time, now) <= RateSpan), now),
            steady >= 1 && _time.GetElapsedTime(_begin, now) >= Settled ? TimeSpan.FromSeconds(Math.Min((total - done) / steady, 1e8))
                : null);
    }

    private double Rate((long Time, long Read) since, long now)
    {
        var seconds = _time.GetElapsedTime(since.Time, now).TotalSeconds;
        return seconds > 0 ? Math.Min((_read - since.Read) / seconds, _maxRate) : 0;
    }
}

/// <summary>Limits readers to a rate that they share: a token bucket of a tenth of a second.</summary>
internal sealed class Throttle
{
    private readonly double _bytesPerTick;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private long _free;

    /// <summary>A throttle.</summary>
    /// <param name="bytesPerSecond">The rate.</param>
    /// <param name="time">The clock.</param>
    public Throttle(long bytesPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        _bytesPerTick = (double)bytesPerSecond / time.TimestampFrequency;
        _time = time;
        _free = time.GetTimestamp();
    }

    /// <summary>Waits until this many bytes may be read.</summary>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        long wait;
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            // At most a tenth of a second of unused rate is kept.
            _free = Math.Max(_free, now - (_time.TimestampFrequency / 10)) + (long)(bytes / _bytesPerTick);
            wait = _free - now;
        }

        return wait <= 0 ? Task.CompletedTask : Task.Delay(_time.GetElapsedTime(0, wait), _time, cancellationToken);
    }
}

namespace QmpBackup.Pulling;

/// <summary>Counts what all disks do, and tells a few times a second.</summary>
internal sealed class ProgressMeter
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RateSpan = TimeSpan.FromSeconds(5);

    private readonly IProgress<PullProgress>? _progress;
    private readonly TimeProvider _time;
    private readonly Queue<(long Time, long Done)> _samples = new();
    private readonly Lock _lock = new();
    private readonly long _total;
    private long _told;
    private long _done;
    private long _read;

    /// <summary>A meter.</summary>
    /// <param name="total">How much work there is, in bytes.</param>
    /// <param name="progress">Is told; may be null.</param>
    /// <param name="time">The clock.</param>
    public ProgressMeter(long total, IProgress<PullProgress>? progress, TimeProvider time)
    {
        (_total, _progress, _time) = (total, progress, time);
        _told = time.GetTimestamp();
        _samples.Enqueue((_told, 0));
    }

    /// <summary>Counts.</summary>
    /// <param name="done">What was done, in bytes.</param>
    /// <param name="read">What was read for it, in bytes.</param>
    public void Add(long done, long read)
    {
        if (_progress is null) return;
        PullProgress? news = null;
        lock (_lock)
        {
            _done += done;
            _read += read;
            var now = _time.GetTimestamp();
            if (_time.GetElapsedTime(_told, now) >= Interval) news = Report(now);
        }

        if (news is { } report) _progress.Report(report);
    }

    /// <summary>Tells that all is done.</summary>
    public void Finish()
    {
        if (_progress is null) return;
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
        _told = now;
        _samples.Enqueue((now, _done));
        while (_samples.Count > 2 && _time.GetElapsedTime(_samples.Peek().Time, now) > RateSpan) _samples.Dequeue();
        var (since, before) = _samples.Peek();
        var seconds = _time.GetElapsedTime(since, now).TotalSeconds;
        var rate = seconds > 0 ? (_done - before) / seconds : 0;
        var done = Math.Min(_done, _total);
        return new PullProgress(done, _total, _read, rate, rate >= 1 ? TimeSpan.FromSeconds(Math.Min((_total - done) / rate, 1e8)) : null);
    }
}

namespace QmpBackup.Transfer;

/// <summary>Holds readers back to a rate that they share: a bucket of a tenth of a second.</summary>
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
    /// <param name="bytes">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitAsync(long bytes, CancellationToken cancellationToken)
    {
        long wait;
        lock (_lock)
        {
            var now = _time.GetTimestamp();
            // What was not used is not saved up beyond a tenth of a second.
            _free = Math.Max(_free, now - (_time.TimestampFrequency / 10)) + (long)(bytes / _bytesPerTick);
            wait = _free - now;
        }

        return wait <= 0 ? Task.CompletedTask : Task.Delay(_time.GetElapsedTime(0, wait), _time, cancellationToken);
    }
}

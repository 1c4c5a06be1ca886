namespace QmpBackup.Transfer;

/// <summary>How fast the VM may be read.</summary>
/// <param name="BytesPerSecond">Bytes a second; 0 for a pause, null for no limit.</param>
internal readonly record struct ReadPace(long? BytesPerSecond)
{
    /// <summary>As fast as the VM gives it.</summary>
    public static ReadPace Free { get; } = new(null);

    /// <summary>Nothing is read.</summary>
    public static ReadPace Paused { get; } = new(0L);
}

/// <summary>
/// Lets reads through one after the other, at a pace that may change at any time. While there is no limit it does nothing, so that requests
/// overlap as they like; otherwise they are short, and seldom more than one is in flight.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class ReadGate(TimeProvider time) : IDisposable
{
    /// <summary>The longest read under a limit: the guest waits for one while QEMU sends it.</summary>
    public const int LongestSlice = 64 << 10;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadPace _pace = ReadPace.Free;
    private long _bytes;
    private long _free;

    /// <summary>How fast reads are let through.</summary>
    public ReadPace Pace
    {
        get => _pace;
        set
        {
            _pace = value;
            Interlocked.Exchange(ref _change, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    /// <summary>How many bytes were let through.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How much of a read may be asked for at once.</summary>
    /// <param name="length">How much is left of it, in bytes.</param>
    public int SliceOf(int length) => Pace.BytesPerSecond is null ? length : Math.Min(length, LongestSlice);

    /// <summary>Waits until so much may be read.</summary>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _bytes, bytes);
        if (Pace.BytesPerSecond is null)
            return;
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (true)
            {
                var change = Volatile.Read(ref _change);
                var now = time.GetTimestamp();
                if (Pace.BytesPerSecond is not { } rate)
                    return;
                if (rate > 0 && _free <= now)
                {
                    // Unused time is not kept: a burst is what hurts the guest.
                    _free = now + (long)((double)bytes * time.TimestampFrequency / rate);
                    return;
                }

                var wait = rate > 0 ? Task.Delay(time.GetElapsedTime(now, _free), time, cancellationToken)
                    : Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                await Task.WhenAny(wait, change.Task).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}

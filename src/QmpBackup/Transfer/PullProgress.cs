namespace QmpBackup;

/// <summary>How far a pull, a restore or a verification is.</summary>
/// <param name="Done">How much of what has to be read is done, in bytes; grows up to <paramref name="Total"/>.</param>
/// <param name="Total">How much has to be read in all, in bytes, as far as is known: it becomes less when more turns out to be zero, which is not read.</param>
/// <param name="BytesRead">How much was read so far, in bytes.</param>
/// <param name="BytesPerSecond">How fast it is read, over the last seconds.</param>
/// <param name="Remaining">How long it will take from here; null where that cannot be told yet.</param>
public readonly record struct PullProgress(long Done, long Total, long BytesRead, double BytesPerSecond, TimeSpan? Remaining);

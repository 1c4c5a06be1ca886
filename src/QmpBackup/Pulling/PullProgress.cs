namespace QmpBackup.Pulling;

/// <summary>How far a pull, a restore or a verification is.</summary>
/// <param name="Done">How much of the work is done, in bytes; grows up to <paramref name="Total"/>.</param>
/// <param name="Total">How much work there is, in bytes, as far as can be told: a full's size, an increment's dirty bytes.</param>
/// <param name="BytesRead">How much was read so far, in bytes.</param>
/// <param name="BytesPerSecond">How fast it is done, over the last seconds.</param>
/// <param name="Remaining">How long it will take from here; null where that cannot be told yet.</param>
public readonly record struct PullProgress(long Done, long Total, long BytesRead, double BytesPerSecond, TimeSpan? Remaining);

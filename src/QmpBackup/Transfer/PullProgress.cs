namespace QmpBackup;

/// <summary>How far a pull, a restore or a verification is.</summary>
/// <param name="Done">How much of the work is done, in bytes; grows up to <paramref name="Total"/>.</param>
/// <param name="Total">
/// How much has to be read in all, in bytes, as far as is known. Shrinks when more turns out to be zero, which is not read.
/// </param>
/// <param name="BytesRead">How much was read until now, in bytes.</param>
/// <param name="BytesPerSecond">The rate of reading over the last seconds, in bytes a second.</param>
/// <param name="Remaining">The estimated time that remains; null while there is no estimate.</param>
public readonly record struct PullProgress(long Done, long Total, long BytesRead, double BytesPerSecond, TimeSpan? Remaining);

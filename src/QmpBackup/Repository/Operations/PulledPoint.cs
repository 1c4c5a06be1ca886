namespace QmpBackup;

/// <summary>What a pull made.</summary>
/// <param name="Chain">Where it is.</param>
/// <param name="Point">The point.</param>
/// <param name="BytesReused">How much an earlier pull that was cut off had done already, in bytes of disk; the whole size where the point was complete before.</param>
public sealed record PulledPoint(RepositoryChain Chain, RepositoryPoint Point, long BytesReused);

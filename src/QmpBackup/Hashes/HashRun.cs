namespace QmpBackup.Hashes;

/// <summary>A run of blocks of which the same is said.</summary>
/// <param name="Kind">What; <see cref="HashKind.Inherited"/> where no layer says anything.</param>
/// <param name="First">Its first block.</param>
/// <param name="End">The block behind it.</param>
/// <param name="Layer">The layer that says it; -1 where none does.</param>
/// <param name="Hashes">Where the hashes of a run of data are, until the next run is asked for.</param>
internal readonly record struct HashRun(HashKind Kind, long First, long End, int Layer, HashFileReader? Hashes);

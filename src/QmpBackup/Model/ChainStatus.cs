using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>A chain: a sequence of checkpoints.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Checkpoints">Its checkpoints, oldest first.</param>
public sealed record ChainStatus(ChainName Name, ImmutableArray<CheckpointStatus> Checkpoints);

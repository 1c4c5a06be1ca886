using System.Collections.Immutable;

namespace QmpBackup;

/// <summary>A checkpoint of a chain.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Disks">The disks that have a bitmap for it.</param>
/// <param name="State">The worst of the bitmaps' states.</param>
public sealed record CheckpointStatus(CheckpointId Id, ImmutableArray<string> Disks, CheckpointState State);

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>blockdev-backup</c> (QAPI <c>BlockdevBackup</c>, QEMU 2.3).</summary>
public sealed record BlockdevBackup
{
    /// <summary>The id of the job; required when the device was not created with <c>-drive</c> (QEMU 2.7).</summary>
    [JsonPropertyName("job-id")]
    public string? JobId { get; init; }

    /// <summary>The node, or the device, to back up.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The data to copy.</summary>
    [JsonPropertyName("sync")]
    public required MirrorSyncMode Sync { get; init; }

    /// <summary>The speed limit, in bytes per second; 0 for no limit.</summary>
    [JsonPropertyName("speed")]
    public long? Speed { get; init; }

    /// <summary>The bitmap that selects the blocks (QEMU 2.4).</summary>
    [JsonPropertyName("bitmap")]
    public string? Bitmap { get; init; }

    /// <summary>How the bitmap changes (QEMU 4.2).</summary>
    [JsonPropertyName("bitmap-mode")]
    public BitmapSyncMode? BitmapMode { get; init; }

    /// <summary>Whether to compress, if the target supports it (QEMU 2.8).</summary>
    [JsonPropertyName("compress")]
    public bool? Compress { get; init; }

    /// <summary>What to do when reading fails; default report. For background copying only.</summary>
    [JsonPropertyName("on-source-error")]
    public BlockdevOnError? OnSourceError { get; init; }

    /// <summary>What to do when writing fails; default report. For background copying only.</summary>
    [JsonPropertyName("on-target-error")]
    public BlockdevOnError? OnTargetError { get; init; }

    /// <summary>What to do when a block cannot be copied before it is overwritten; default break-guest-write (QEMU 10.1).</summary>
    [JsonPropertyName("on-cbw-error")]
    public OnCbwError? OnCbwError { get; init; }

    /// <summary>Whether the job finalizes itself, without <c>job-finalize</c>; default true (QEMU 2.12).</summary>
    [JsonPropertyName("auto-finalize")]
    public bool? AutoFinalize { get; init; }

    /// <summary>Whether the job dismisses itself, without <c>job-dismiss</c>; default true (QEMU 2.12).</summary>
    [JsonPropertyName("auto-dismiss")]
    public bool? AutoDismiss { get; init; }

    /// <summary>The node name of the copy-before-write filter that the job inserts above the device (QEMU 4.2).</summary>
    [JsonPropertyName("filter-node-name")]
    public string? FilterNodeName { get; init; }

    /// <summary>Whether copied data is discarded in the source (QEMU 9.1).</summary>
    [JsonPropertyName("discard-source")]
    public bool? DiscardSource { get; init; }

    /// <summary>Unstable tuning (QEMU 6.0).</summary>
    [JsonPropertyName("x-perf")]
    public BackupPerf? Perf { get; init; }

    /// <summary>The node, or the device, to copy to. It must have exactly the size of the source.</summary>
    [JsonPropertyName("target")]
    public required string Target { get; init; }
}

/// <summary>
/// The arguments of <c>drive-backup</c> (QAPI <c>DriveBackup</c>, QEMU 1.6; deprecated since 6.2, use
/// <see cref="BlockdevBackup"/>).
/// </summary>
public sealed record DriveBackup
{
    /// <summary>The id of the job; required when the device was not created with <c>-drive</c> (QEMU 2.7).</summary>
    [JsonPropertyName("job-id")]
    public string? JobId { get; init; }

    /// <summary>The node, or the device, to back up.</summary>
    [JsonPropertyName("device")]
    public required string Device { get; init; }

    /// <summary>The data to copy.</summary>
    [JsonPropertyName("sync")]
    public required MirrorSyncMode Sync { get; init; }

    /// <summary>The speed limit, in bytes per second; 0 for no limit.</summary>
    [JsonPropertyName("speed")]
    public long? Speed { get; init; }

    /// <summary>The bitmap that selects the blocks (QEMU 2.4).</summary>
    [JsonPropertyName("bitmap")]
    public string? Bitmap { get; init; }

    /// <summary>How the bitmap changes (QEMU 4.2).</summary>
    [JsonPropertyName("bitmap-mode")]
    public BitmapSyncMode? BitmapMode { get; init; }

    /// <summary>Whether to compress, if the target supports it (QEMU 2.8).</summary>
    [JsonPropertyName("compress")]
    public bool? Compress { get; init; }

    /// <summary>What to do when reading fails; default report. For background copying only.</summary>
    [JsonPropertyName("on-source-error")]
    public BlockdevOnError? OnSourceError { get; init; }

    /// <summary>What to do when writing fails; default report. For background copying only.</summary>
    [JsonPropertyName("on-target-error")]
    public BlockdevOnError? OnTargetError { get; init; }

    /// <summary>What to do when a block cannot be copied before it is overwritten; default break-guest-write (QEMU 10.1).</summary>
    [JsonPropertyName("on-cbw-error")]
    public OnCbwError? OnCbwError { get; init; }

    /// <summary>Whether the job finalizes itself, without <c>job-finalize</c>; default true (QEMU 2.12).</summary>
    [JsonPropertyName("auto-finalize")]
    public bool? AutoFinalize { get; init; }

    /// <summary>Whether the job dismisses itself, without <c>job-dismiss</c>; default true (QEMU 2.12).</summary>
    [JsonPropertyName("auto-dismiss")]
    public bool? AutoDismiss { get; init; }

    /// <summary>The node name of the copy-before-write filter that the job inserts above the device (QEMU 4.2).</summary>
    [JsonPropertyName("filter-node-name")]
    public string? FilterNodeName { get; init; }

    /// <summary>Whether copied data is discarded in the source (QEMU 9.1).</summary>
    [JsonPropertyName("discard-source")]
    public bool? DiscardSource { get; init; }

    /// <summary>Unstable tuning (QEMU 6.0).</summary>
    [JsonPropertyName("x-perf")]
    public BackupPerf? Perf { get; init; }

    /// <summary>The file to copy to.</summary>
    [JsonPropertyName("target")]
    public required string Target { get; init; }

    /// <summary>The format of the target; default: the format of the source.</summary>
    [JsonPropertyName("format")]
    public string? Format { get; init; }

    /// <summary>Whether the target exists or is created; default absolute-paths.</summary>
    [JsonPropertyName("mode")]
    public NewImageMode? Mode { get; init; }
}

/// <summary>Unstable tuning of a backup (QAPI <c>BackupPerf</c>, QEMU 6.0).</summary>
public sealed record BackupPerf
{
    /// <summary>Whether to use copy offloading.</summary>
    [JsonPropertyName("use-copy-range")]
    public bool? UseCopyRange { get; init; }

    /// <summary>The maximum number of parallel requests.</summary>
    [JsonPropertyName("max-workers")]
    public long? MaxWorkers { get; init; }

    /// <summary>The largest request, in bytes; 0 for no limit.</summary>
    [JsonPropertyName("max-chunk")]
    public long? MaxChunk { get; init; }

    /// <summary>The smallest copy-before-write, in bytes (QEMU 9.2).</summary>
    [JsonPropertyName("min-cluster-size")]
    public long? MinClusterSize { get; init; }
}

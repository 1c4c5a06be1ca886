namespace QmpBackup.Qmp;

/// <summary>The event types of this library. For other events, read <see cref="QmpEvent.Data"/>.</summary>
public static class QmpEvents
{
    /// <summary><c>JOB_STATUS_CHANGE</c>: the status of a job changed (QEMU 3.0).</summary>
    public static QmpEventType<JobStatusChangeEvent> JobStatusChange { get; } =
        new("JOB_STATUS_CHANGE", QmpJsonContext.Default.JobStatusChangeEvent);

    /// <summary><c>BLOCK_JOB_COMPLETED</c>: a block job ended, with or without an error (QEMU 1.1).</summary>
    public static QmpEventType<BlockJobCompletedEvent> BlockJobCompleted { get; } =
        new("BLOCK_JOB_COMPLETED", QmpJsonContext.Default.BlockJobCompletedEvent);

    /// <summary><c>BLOCK_JOB_CANCELLED</c>: a block job was cancelled (QEMU 1.1).</summary>
    public static QmpEventType<BlockJobCancelledEvent> BlockJobCancelled { get; } =
        new("BLOCK_JOB_CANCELLED", QmpJsonContext.Default.BlockJobCancelledEvent);

    /// <summary><c>BLOCK_JOB_ERROR</c>: a block job had an I/O error (QEMU 1.3).</summary>
    public static QmpEventType<BlockJobErrorEvent> BlockJobError { get; } =
        new("BLOCK_JOB_ERROR", QmpJsonContext.Default.BlockJobErrorEvent);

    /// <summary><c>BLOCK_JOB_READY</c>: a mirror job is ready: its target is in sync (QEMU 1.3).</summary>
    public static QmpEventType<BlockJobReadyEvent> BlockJobReady { get; } =
        new("BLOCK_JOB_READY", QmpJsonContext.Default.BlockJobReadyEvent);

    /// <summary><c>BLOCK_JOB_PENDING</c>: a block job waits for <c>job-finalize</c> (QEMU 2.12).</summary>
    public static QmpEventType<BlockJobPendingEvent> BlockJobPending { get; } =
        new("BLOCK_JOB_PENDING", QmpJsonContext.Default.BlockJobPendingEvent);

    /// <summary><c>BLOCK_EXPORT_DELETED</c>: an export was removed (QEMU 5.2).</summary>
    public static QmpEventType<BlockExportDeletedEvent> BlockExportDeleted { get; } =
        new("BLOCK_EXPORT_DELETED", QmpJsonContext.Default.BlockExportDeletedEvent);

    /// <summary><c>BLOCK_IO_ERROR</c>: an I/O operation of the guest failed (QEMU 0.13).</summary>
    public static QmpEventType<BlockIOErrorEvent> BlockIOError { get; } = new("BLOCK_IO_ERROR", QmpJsonContext.Default.BlockIOErrorEvent);

    /// <summary><c>BLOCK_WRITE_THRESHOLD</c>: a write exceeded the threshold of a node (QEMU 2.3).</summary>
    public static QmpEventType<BlockWriteThresholdEvent> BlockWriteThreshold { get; } =
        new("BLOCK_WRITE_THRESHOLD", QmpJsonContext.Default.BlockWriteThresholdEvent);

    /// <summary><c>BLOCK_IMAGE_CORRUPTED</c>: an image is corrupt (QEMU 1.7).</summary>
    public static QmpEventType<BlockImageCorruptedEvent> BlockImageCorrupted { get; } =
        new("BLOCK_IMAGE_CORRUPTED", QmpJsonContext.Default.BlockImageCorruptedEvent);

    /// <summary><c>STOP</c>: the VM was stopped (QEMU 0.12).</summary>
    public static QmpEventType<QmpVoid> Stop { get; } = new("STOP", QmpJsonContext.Default.QmpVoid);

    /// <summary><c>RESUME</c>: the VM was resumed (QEMU 0.12).</summary>
    public static QmpEventType<QmpVoid> Resume { get; } = new("RESUME", QmpJsonContext.Default.QmpVoid);

    /// <summary><c>SHUTDOWN</c>: the VM was shut down; QEMU exits or waits (QEMU 0.12).</summary>
    public static QmpEventType<ShutdownEvent> Shutdown { get; } = new("SHUTDOWN", QmpJsonContext.Default.ShutdownEvent);

    /// <summary><c>RESET</c>: the VM was reset (QEMU 0.12).</summary>
    public static QmpEventType<ResetEvent> Reset { get; } = new("RESET", QmpJsonContext.Default.ResetEvent);

    /// <summary><c>POWERDOWN</c>: the guest was asked to power down (QEMU 0.12).</summary>
    public static QmpEventType<QmpVoid> PowerDown { get; } = new("POWERDOWN", QmpJsonContext.Default.QmpVoid);

    /// <summary><c>DEVICE_DELETED</c>: a device was removed (QEMU 1.5).</summary>
    public static QmpEventType<DeviceDeletedEvent> DeviceDeleted { get; } =
        new("DEVICE_DELETED", QmpJsonContext.Default.DeviceDeletedEvent);

    /// <summary><c>MIGRATION</c>: the status of a migration changed (QEMU 2.4).</summary>
    public static QmpEventType<MigrationEvent> Migration { get; } = new("MIGRATION", QmpJsonContext.Default.MigrationEvent);
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The data of <c>SHUTDOWN</c> (QEMU 0.12).</summary>
public sealed record ShutdownEvent
{
    /// <summary>Whether the guest requested it (QEMU 2.10).</summary>
    [JsonPropertyName("guest")]
    public bool Guest { get; init; }

    /// <summary>The cause (QEMU 4.0).</summary>
    [JsonPropertyName("reason")]
    public ShutdownCause? Reason { get; init; }
}

/// <summary>The data of <c>RESET</c> (QEMU 0.12).</summary>
public sealed record ResetEvent
{
    /// <summary>Whether the guest requested it (QEMU 2.10).</summary>
    [JsonPropertyName("guest")]
    public bool Guest { get; init; }

    /// <summary>The cause (QEMU 4.0).</summary>
    [JsonPropertyName("reason")]
    public ShutdownCause? Reason { get; init; }
}

/// <summary>The data of <c>DEVICE_DELETED</c> (QEMU 1.5).</summary>
public sealed record DeviceDeletedEvent
{
    /// <summary>The id of the device, or null when it had none.</summary>
    [JsonPropertyName("device")]
    public string? Device { get; init; }

    /// <summary>Its QOM path.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }
}

/// <summary>The data of <c>MIGRATION</c> (QEMU 2.4).</summary>
public sealed record MigrationEvent
{
    /// <summary>The status of the migration.</summary>
    [JsonPropertyName("status")]
    public required MigrationStatus Status { get; init; }
}

/// <summary>The status of a migration (QAPI <c>MigrationStatus</c>, QEMU 2.3). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<MigrationStatus>))]
public readonly record struct MigrationStatus(string Value) : IQapiString<MigrationStatus>
{
    /// <summary><c>none</c>: no migration has started.</summary>
    public static MigrationStatus None { get; } = new("none");

    /// <summary><c>setup</c>: being set up.</summary>
    public static MigrationStatus Setup { get; } = new("setup");

    /// <summary><c>active</c>: running.</summary>
    public static MigrationStatus Active { get; } = new("active");

    /// <summary><c>pre-switchover</c>: paused before the switch.</summary>
    public static MigrationStatus PreSwitchover { get; } = new("pre-switchover");

    /// <summary><c>device</c>: the state of the devices is being sent.</summary>
    public static MigrationStatus Device { get; } = new("device");

    /// <summary><c>postcopy-active</c>: in postcopy.</summary>
    public static MigrationStatus PostcopyActive { get; } = new("postcopy-active");

    /// <summary><c>postcopy-paused</c>: in postcopy, paused by a lost connection.</summary>
    public static MigrationStatus PostcopyPaused { get; } = new("postcopy-paused");

    /// <summary><c>postcopy-recover</c>: in postcopy, recovering.</summary>
    public static MigrationStatus PostcopyRecover { get; } = new("postcopy-recover");

    /// <summary><c>completed</c>: done.</summary>
    public static MigrationStatus Completed { get; } = new("completed");

    /// <summary><c>failed</c>: failed.</summary>
    public static MigrationStatus Failed { get; } = new("failed");

    /// <summary><c>cancelling</c>: being cancelled.</summary>
    public static MigrationStatus Cancelling { get; } = new("cancelling");

    /// <summary><c>cancelled</c>: cancelled.</summary>
    public static MigrationStatus Cancelled { get; } = new("cancelled");

    /// <summary><c>colo</c>: in COLO.</summary>
    public static MigrationStatus Colo { get; } = new("colo");

    /// <summary><c>wait-unplug</c>: waiting for a device to be unplugged.</summary>
    public static MigrationStatus WaitUnplug { get; } = new("wait-unplug");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static MigrationStatus IQapiString<MigrationStatus>.FromString(string value) => new(value);
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>
/// Why the VM shuts down or resets (QAPI <c>ShutdownCause</c>, QEMU 4.0). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<ShutdownCause>))]
public readonly record struct ShutdownCause(string Value) : IQapiString<ShutdownCause>
{
    /// <summary><c>none</c>: no cause.</summary>
    public static ShutdownCause None { get; } = new("none");

    /// <summary><c>host-error</c>: an error of the host.</summary>
    public static ShutdownCause HostError { get; } = new("host-error");

    /// <summary><c>host-qmp-quit</c>: <c>quit</c>.</summary>
    public static ShutdownCause HostQmpQuit { get; } = new("host-qmp-quit");

    /// <summary><c>host-qmp-system-reset</c>: <c>system_reset</c>.</summary>
    public static ShutdownCause HostQmpSystemReset { get; } = new("host-qmp-system-reset");

    /// <summary><c>host-signal</c>: a signal such as SIGTERM.</summary>
    public static ShutdownCause HostSignal { get; } = new("host-signal");

    /// <summary><c>host-ui</c>: a user of the display.</summary>
    public static ShutdownCause HostUI { get; } = new("host-ui");

    /// <summary><c>guest-shutdown</c>: the guest shut down.</summary>
    public static ShutdownCause GuestShutdown { get; } = new("guest-shutdown");

    /// <summary><c>guest-reset</c>: the guest reset, and QEMU runs with <c>-no-reboot</c>.</summary>
    public static ShutdownCause GuestReset { get; } = new("guest-reset");

    /// <summary><c>guest-panic</c>: the guest panicked.</summary>
    public static ShutdownCause GuestPanic { get; } = new("guest-panic");

    /// <summary><c>subsystem-reset</c>: a partial reset.</summary>
    public static ShutdownCause SubsystemReset { get; } = new("subsystem-reset");

    /// <summary><c>snapshot-load</c>: a snapshot was loaded.</summary>
    public static ShutdownCause SnapshotLoad { get; } = new("snapshot-load");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static ShutdownCause IQapiString<ShutdownCause>.FromString(string value) => new(value);
}

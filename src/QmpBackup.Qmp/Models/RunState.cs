using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Whether the VM runs (QAPI <c>StatusInfo</c>, answer of <c>query-status</c>, QEMU 0.14).</summary>
public sealed record StatusInfo
{
    /// <summary>Whether the CPUs of the VM run.</summary>
    [JsonPropertyName("running")]
    public required bool Running { get; init; }

    /// <summary>The run state.</summary>
    [JsonPropertyName("status")]
    public required RunState Status { get; init; }
}

/// <summary>The run state of the VM (QAPI <c>RunState</c>, QEMU 0.14). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<RunState>))]
public readonly record struct RunState(string Value) : IQapiString<RunState>
{
    /// <summary><c>debug</c>: stopped by a debugger.</summary>
    public static RunState Debug { get; } = new("debug");

    /// <summary><c>inmigrate</c>: waiting for an incoming migration.</summary>
    public static RunState InMigrate { get; } = new("inmigrate");

    /// <summary><c>internal-error</c>: stopped by an internal error.</summary>
    public static RunState InternalError { get; } = new("internal-error");

    /// <summary><c>io-error</c>: stopped by a failed I/O operation, such as a full disk.</summary>
    public static RunState IOError { get; } = new("io-error");

    /// <summary><c>paused</c>: stopped by <c>stop</c>.</summary>
    public static RunState Paused { get; } = new("paused");

    /// <summary><c>postmigrate</c>: stopped after a finished migration.</summary>
    public static RunState PostMigrate { get; } = new("postmigrate");

    /// <summary><c>prelaunch</c>: not yet started (<c>-S</c>).</summary>
    public static RunState PreLaunch { get; } = new("prelaunch");

    /// <summary><c>finish-migrate</c>: stopped to finish a migration.</summary>
    public static RunState FinishMigrate { get; } = new("finish-migrate");

    /// <summary><c>restore-vm</c>: stopped to load a snapshot.</summary>
    public static RunState RestoreVm { get; } = new("restore-vm");

    /// <summary><c>running</c>: running.</summary>
    public static RunState Running { get; } = new("running");

    /// <summary><c>save-vm</c>: stopped to save a snapshot.</summary>
    public static RunState SaveVm { get; } = new("save-vm");

    /// <summary><c>shutdown</c>: the guest is shut down and QEMU runs with <c>-no-shutdown</c>.</summary>
    public static RunState Shutdown { get; } = new("shutdown");

    /// <summary><c>suspended</c>: suspended to memory.</summary>
    public static RunState Suspended { get; } = new("suspended");

    /// <summary><c>watchdog</c>: stopped by a watchdog.</summary>
    public static RunState Watchdog { get; } = new("watchdog");

    /// <summary><c>guest-panicked</c>: the guest panicked.</summary>
    public static RunState GuestPanicked { get; } = new("guest-panicked");

    /// <summary><c>colo</c>: stopped by COLO.</summary>
    public static RunState Colo { get; } = new("colo");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static RunState IQapiString<RunState>.FromString(string value) => new(value);
}

/// <summary>
/// The cause of a shutdown or reset (QAPI <c>ShutdownCause</c>, QEMU 4.0). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<ShutdownCause>))]
public readonly record struct ShutdownCause(string Value) : IQapiString<ShutdownCause>
{
    /// <summary><c>none</c>: no cause.</summary>
    public static ShutdownCause None { get; } = new("none");

    /// <summary><c>host-error</c>: an error on the host.</summary>
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

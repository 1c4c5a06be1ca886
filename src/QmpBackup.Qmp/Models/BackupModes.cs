using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What a backup copies (QAPI <c>MirrorSyncMode</c>, QEMU 1.3). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<MirrorSyncMode>))]
public readonly record struct MirrorSyncMode(string Value) : IQapiString<MirrorSyncMode>
{
    /// <summary><c>top</c>: what is allocated in the topmost image.</summary>
    public static MirrorSyncMode Top { get; } = new("top");

    /// <summary><c>full</c>: everything.</summary>
    public static MirrorSyncMode Full { get; } = new("full");

    /// <summary><c>none</c>: only what the guest is about to overwrite: the point in time of a pull-mode backup.</summary>
    public static MirrorSyncMode None { get; } = new("none");

    /// <summary><c>incremental</c>: what a bitmap says, which is cleared on success (QEMU 2.4).</summary>
    public static MirrorSyncMode Incremental { get; } = new("incremental");

    /// <summary><c>bitmap</c>: what a bitmap says (QEMU 4.2).</summary>
    public static MirrorSyncMode Bitmap { get; } = new("bitmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static MirrorSyncMode IQapiString<MirrorSyncMode>.FromString(string value) => new(value);
}

/// <summary>
/// What becomes of the bitmap of a backup (QAPI <c>BitmapSyncMode</c>, QEMU 4.2). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BitmapSyncMode>))]
public readonly record struct BitmapSyncMode(string Value) : IQapiString<BitmapSyncMode>
{
    /// <summary><c>on-success</c>: it is updated when the job succeeds.</summary>
    public static BitmapSyncMode OnSuccess { get; } = new("on-success");

    /// <summary><c>never</c>: it stays as it is.</summary>
    public static BitmapSyncMode Never { get; } = new("never");

    /// <summary><c>always</c>: it is updated by what was copied, even when the job fails.</summary>
    public static BitmapSyncMode Always { get; } = new("always");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BitmapSyncMode IQapiString<BitmapSyncMode>.FromString(string value) => new(value);
}

/// <summary>
/// What a job does on an I/O error (QAPI <c>BlockdevOnError</c>, QEMU 1.3). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevOnError>))]
public readonly record struct BlockdevOnError(string Value) : IQapiString<BlockdevOnError>
{
    /// <summary><c>report</c>: fails.</summary>
    public static BlockdevOnError Report { get; } = new("report");

    /// <summary><c>ignore</c>: goes on.</summary>
    public static BlockdevOnError Ignore { get; } = new("ignore");

    /// <summary><c>enospc</c>: stops when there is no space, else fails.</summary>
    public static BlockdevOnError Enospc { get; } = new("enospc");

    /// <summary><c>stop</c>: stops.</summary>
    public static BlockdevOnError Stop { get; } = new("stop");

    /// <summary><c>auto</c>: as the device does.</summary>
    public static BlockdevOnError Auto { get; } = new("auto");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockdevOnError IQapiString<BlockdevOnError>.FromString(string value) => new(value);
}

/// <summary>
/// What happens when a block cannot be copied before it is overwritten (QAPI <c>OnCbwError</c>, QEMU 7.1). Other versions of QEMU
/// may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<OnCbwError>))]
public readonly record struct OnCbwError(string Value) : IQapiString<OnCbwError>
{
    /// <summary><c>break-guest-write</c>: the write of the guest fails and the snapshot stays right.</summary>
    public static OnCbwError BreakGuestWrite { get; } = new("break-guest-write");

    /// <summary>
    /// <c>break-snapshot</c>: the guest goes on and the snapshot is broken. Reading through <c>snapshot-access</c> then fails;
    /// reading through an overlay returns wrong data without an error.
    /// </summary>
    public static OnCbwError BreakSnapshot { get; } = new("break-snapshot");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static OnCbwError IQapiString<OnCbwError>.FromString(string value) => new(value);
}

/// <summary>
/// How a command gets its new image (QAPI <c>NewImageMode</c>, QEMU 1.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<NewImageMode>))]
public readonly record struct NewImageMode(string Value) : IQapiString<NewImageMode>
{
    /// <summary><c>existing</c>: it is there already.</summary>
    public static NewImageMode Existing { get; } = new("existing");

    /// <summary><c>absolute-paths</c>: it is made, with an absolute path to its backing file.</summary>
    public static NewImageMode AbsolutePaths { get; } = new("absolute-paths");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static NewImageMode IQapiString<NewImageMode>.FromString(string value) => new(value);
}

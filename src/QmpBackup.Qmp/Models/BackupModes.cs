using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What a backup copies (QAPI <c>MirrorSyncMode</c>, QEMU 1.3). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<MirrorSyncMode>))]
public readonly record struct MirrorSyncMode(string Value) : IQapiString<MirrorSyncMode>
{
    /// <summary><c>top</c>: the data of the topmost image.</summary>
    public static MirrorSyncMode Top { get; } = new("top");

    /// <summary><c>full</c>: all data.</summary>
    public static MirrorSyncMode Full { get; } = new("full");

    /// <summary><c>none</c>: only blocks that the guest is about to overwrite. This is the mode for pull-mode backups.</summary>
    public static MirrorSyncMode None { get; } = new("none");

    /// <summary><c>incremental</c>: the dirty blocks of a bitmap, which is cleared on success (QEMU 2.4).</summary>
    public static MirrorSyncMode Incremental { get; } = new("incremental");

    /// <summary><c>bitmap</c>: the dirty blocks of a bitmap (QEMU 4.2).</summary>
    public static MirrorSyncMode Bitmap { get; } = new("bitmap");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static MirrorSyncMode IQapiString<MirrorSyncMode>.FromString(string value) => new(value);
}

/// <summary>
/// How the bitmap of a backup changes (QAPI <c>BitmapSyncMode</c>, QEMU 4.2). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BitmapSyncMode>))]
public readonly record struct BitmapSyncMode(string Value) : IQapiString<BitmapSyncMode>
{
    /// <summary><c>on-success</c>: the bitmap is updated when the job succeeds.</summary>
    public static BitmapSyncMode OnSuccess { get; } = new("on-success");

    /// <summary><c>never</c>: the bitmap does not change.</summary>
    public static BitmapSyncMode Never { get; } = new("never");

    /// <summary><c>always</c>: the bitmap loses the bits of copied blocks, even when the job fails.</summary>
    public static BitmapSyncMode Always { get; } = new("always");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BitmapSyncMode IQapiString<BitmapSyncMode>.FromString(string value) => new(value);
}

/// <summary>
/// The reaction of a job to an I/O error (QAPI <c>BlockdevOnError</c>, QEMU 1.3). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockdevOnError>))]
public readonly record struct BlockdevOnError(string Value) : IQapiString<BlockdevOnError>
{
    /// <summary><c>report</c>: the job fails.</summary>
    public static BlockdevOnError Report { get; } = new("report");

    /// <summary><c>ignore</c>: ignores the error.</summary>
    public static BlockdevOnError Ignore { get; } = new("ignore");

    /// <summary><c>enospc</c>: pauses when there is no space, otherwise fails.</summary>
    public static BlockdevOnError Enospc { get; } = new("enospc");

    /// <summary><c>stop</c>: the job pauses.</summary>
    public static BlockdevOnError Stop { get; } = new("stop");

    /// <summary><c>auto</c>: the setting of the device decides.</summary>
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
    /// <summary><c>break-guest-write</c>: the write of the guest fails; the snapshot stays valid.</summary>
    public static OnCbwError BreakGuestWrite { get; } = new("break-guest-write");

    /// <summary>
    /// <c>break-snapshot</c>: the write of the guest succeeds; the snapshot is broken. Reading through <c>snapshot-access</c> then fails;
    /// reading through an overlay returns wrong data without an error.
    /// </summary>
    public static OnCbwError BreakSnapshot { get; } = new("break-snapshot");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static OnCbwError IQapiString<OnCbwError>.FromString(string value) => new(value);
}

/// <summary>
/// Whether a command creates its new image (QAPI <c>NewImageMode</c>, QEMU 1.1). Other versions of QEMU may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<NewImageMode>))]
public readonly record struct NewImageMode(string Value) : IQapiString<NewImageMode>
{
    /// <summary><c>existing</c>: the image exists already.</summary>
    public static NewImageMode Existing { get; } = new("existing");

    /// <summary><c>absolute-paths</c>: QEMU creates the image, with an absolute path to its backing file.</summary>
    public static NewImageMode AbsolutePaths { get; } = new("absolute-paths");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static NewImageMode IQapiString<NewImageMode>.FromString(string value) => new(value);
}

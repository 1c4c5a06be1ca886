using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Nbd;

namespace QmpBackup.Model;

/// <summary>
/// What cannot be learned about an open backup from QEMU's nodes, jobs and bitmaps. It is kept in QEMU itself, as the
/// text of a harmless object (<c>authz-simple</c>) with a fixed id: it lives exactly as long as the backup can, every client of the VM
/// sees it, and because ids are unique it prevents a second start. If it is lost, only reasons and timestamps are lost.
/// </summary>
internal sealed record SessionNote
{
    /// <summary>The longest note that is read, in characters.</summary>
    public const int MaxLength = 1 << 20;

    // The limit of the NBD specification, in bytes.
    private const int LongestExportName = 4096;

    /// <summary>What QEMU since 9.1, and 7.2 since 7.2.14, allow of themselves: 100.</summary>
    internal const int DefaultMaxConnections = 100;

    /// <summary>The layout of the note.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The checkpoint, which is the session's id as well.</summary>
    public required CheckpointId Checkpoint { get; init; }

    /// <summary>The chain.</summary>
    public required ChainName Chain { get; init; }

    /// <summary>When the backup was begun.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How far it is.</summary>
    public SessionPhase Phase { get; init; }

    /// <summary>Whether finish was told to keep the old bitmaps; meaningful in <see cref="SessionPhase.Finishing"/>.</summary>
    public bool KeepBitmap { get; init; }

    /// <summary>How the point in time is kept readable.</summary>
    public Fleecing Fleecing { get; init; }

    /// <summary>How long the guest was frozen, in milliseconds; null where it was not.</summary>
    public double? FrozenMilliseconds { get; init; }

    /// <summary>Whether the guest had not said that it was thawed when the backup was open.</summary>
    public bool MayBeFrozen { get; init; }

    /// <summary>The address of the NBD server; in the note <c>unix:/path</c> or <c>tcp:host:port</c>.</summary>
    [JsonConverter(typeof(NbdEndpointConverter))]
    public required NbdEndpoint Nbd { get; init; }

    /// <summary>Whether the NBD server wants TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>Whether the NBD server belongs to another program and was already running. It is never stopped then.</summary>
    public bool SharesServer { get; init; }

    /// <summary>How many clients the NBD server may have at a time, as QEMU was told; null where it cannot be told.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Whether QEMU has started the NBD server; noted only where nothing else would show it.</summary>
    public bool ServerStarted { get; init; }

    /// <summary>
    /// Whether the VM stood still for an I/O error before the backup was opened: then closing it does not let the VM go on.
    /// </summary>
    public bool StoppedBefore { get; init; }

    /// <summary>The scratch folder that was made on this host for this session; null where there is none.</summary>
    public string? ScratchFolder { get; init; }

    /// <summary>The disks, by their number in the session.</summary>
    public ImmutableArray<SessionNoteDisk> Disks { get; init; } = [];

    /// <summary>The names of what this session has in QEMU and on disk.</summary>
    internal SessionNames Names => new(Checkpoint);

    /// <summary>The same of each disk, by its number in the session.</summary>
    internal ImmutableArray<DiskNames> DiskNames => [.. Enumerable.Range(0, Disks.Length).Select(Names.Disk)];

    /// <summary>The URI of a disk's export; null if NBD does not allow its name, which a hostile QEMU may have chosen.</summary>
    /// <param name="disk">A disk of this note.</param>
    internal NbdUri? UriOf(SessionNoteDisk disk) =>
        Encoding.UTF8.GetByteCount(disk.Export) <= LongestExportName && !disk.Export.Contains('\0', StringComparison.Ordinal)
            ? new NbdUri(Nbd, disk.Export) { RequiresTls = Tls }
            : null;

    /// <summary>The note as text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, SessionJsonContext.Default.SessionNote);

    /// <summary>
    /// Whether another note is the same as this one, apart from the progress of the backup, which may have been noted since.
    /// </summary>
    /// <param name="other">The other note.</param>
    internal bool TellsTheSameAs(SessionNote other) => (this with
    {
        Phase = other.Phase,
        KeepBitmap = other.KeepBitmap,
        ServerStarted = other.ServerStarted,
        FrozenMilliseconds = other.FrozenMilliseconds,
        MayBeFrozen = other.MayBeFrozen,
    }).ToJson() == other.ToJson();

    /// <summary>Reads a note.</summary>
    /// <param name="text">The text, from QEMU and therefore not to be trusted.</param>
    /// <returns>The note; null if the text is not a note, or names parts of another checkpoint.</returns>
    public static SessionNote? TryParse(string? text)
    {
        if (text is null || text.Length > MaxLength)
            return null;
        try
        {
            var note = JsonSerializer.Deserialize(text, SessionJsonContext.Default.SessionNote);
            return note is not null && NoteCheck.IsPlausible(note) ? note : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The latter two: half a surrogate pair, in the text or as an escape.
            return null;
        }
    }
}

/// <summary>What a <see cref="SessionNote"/> says of one disk. The disk's number in the session is its place in the list.</summary>
internal sealed record SessionNoteDisk : BackupDisk
{
    /// <summary>The id of the guest device, if any.</summary>
    [JsonPropertyOrder(-10)]
    public string? Device { get; init; }

    /// <summary>The node that the guest's device stands on, where that is not <see cref="BackupDisk.Node"/>.</summary>
    [JsonPropertyOrder(-9)]
    public string? Top { get; init; }

    /// <summary>How many writes of the guest had failed when the backup was opened; null where QEMU does not count them.</summary>
    [JsonPropertyOrder(-8)]
    public long? FailedWrites { get; init; }

    /// <inheritdoc/>
    [JsonPropertyOrder(-7)]
    public override long Size { get; init; }

    /// <summary>How the image is encrypted where the VM stores it, such as <c>luks</c>; null where it is not.</summary>
    [JsonPropertyOrder(-6)]
    public string? Encryption { get; init; }

    /// <summary>The NBD export's name.</summary>
    public required string Export { get; init; }

    /// <summary>The exported bitmap.</summary>
    public string? Bitmap { get; init; }

    /// <summary>The node that the exported bitmap is on.</summary>
    public string? BitmapNode { get; init; }

    /// <summary>The scratch image's path, in the file system that QEMU sees.</summary>
    public required string Scratch { get; init; }
}

/// <summary>
/// Whether a note can be one that qbackup wrote. It comes back from QEMU, which may be hostile: a note must not name what belongs to
/// another backup, or to none. So every path in it must be made of the names of its own checkpoint.
/// </summary>
internal static class NoteCheck
{
    // The number in such a name has four digits at most.
    private const int MostDisks = 9999;

    // QEMU's own limit on export names; node names and device ids are shorter.
    private const int LongestName = 4096;

    /// <summary>Whether it can be.</summary>
    /// <param name="note">The note, as it was read.</param>
    public static bool IsPlausible(SessionNote note)
    {
        if (note.Version != 1)
            return false;
        if (!Enum.IsDefined(note.Phase) || !Enum.IsDefined(note.Fleecing) || note.FrozenMilliseconds is { } frozen && !(
            frozen is >= 0 and < 1e9))
        {
            return false;
        }

        if (note.Nbd.SocketPath is { } socket && !IsPath(socket))
            return false;
        var names = note.Names;
        if (note.ScratchFolder is { } folder && (!IsPath(folder) || Path.GetFileName(folder) != names.Directory))
            return false;
        if (note.Disks.IsDefaultOrEmpty || note.Disks.Length > MostDisks)
            return false;
        var directory = note.ScratchFolder ?? Path.GetDirectoryName(note.Disks[0]?.Scratch);
        return note.Disks.Select((disk, i) => IsPlausible(disk, names, i, directory) && disk.Export == (
            note.SharesServer ? names.Disk(i).Export : disk.Name)).All(static isPlausible => isPlausible)
            && note.Disks.Select(d => d.Name).Distinct().Count() == note.Disks.Length
            && note.Disks.Select(d => d.Node).Distinct().Count() == note.Disks.Length;
    }

    private static bool IsPlausible(SessionNoteDisk? disk, SessionNames names, int index, string? directory) =>
        disk is not null && IsName(disk.Name) && IsName(disk.Node) && disk.Size >= 0 && disk.Reason is not null
        && (disk.Top is null || IsName(disk.Top)) && (disk.Encryption is null || IsName(disk.Encryption)) && disk.FailedWrites is not < 0
        && Enum.IsDefined(disk.Level)
        && (disk.Parent is null == (disk.Level != BackupLevel.Incremental))
        && (disk.Bitmap is null ? disk.BitmapNode is null
            : disk.BitmapNode == disk.Node ? CheckpointBitmapName.TryParse(disk.Bitmap, out _)
            : disk.BitmapNode == names.Disk(index).Overlay && disk.Bitmap == names.MergedBitmap)
        && IsPath(disk.Scratch)
            && Path.GetFileName(disk.Scratch) == names.Disk(index).ScratchFile && Path.GetDirectoryName(disk.Scratch) == directory;

    private static bool IsName(string? name) => name is { Length: > 0 and <= LongestName };

    // Absolute and with nothing in it that would lead elsewhere than it looks.
    private static bool IsPath(string? path) =>
        path is ['/', ..] && path.Length <= LongestName
            && !path.Contains('\0', StringComparison.Ordinal) && path[1..].Split('/').All(part => part is not ("" or "." or ".."));
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace QmpBackup.Model;

/// <summary>
/// The names of what an open backup puts into QEMU and on disk. All are made of the session's random tag and the disk's number, so that
/// what is ours can be told from what is not, and nothing that QEMU or a guest says becomes part of a path.
/// </summary>
internal sealed partial class SessionNames
{
    /// <summary>The id of the object in QEMU that marks a backup as open and carries its <see cref="SessionNote"/>.</summary>
    public const string NoteObject = "qbackup-session";

    private const string FilePrefix = "qbackup-";

    private readonly string _tag;

    /// <summary>The names of the session with this tag.</summary>
    /// <param name="tag">The tag of the session's checkpoint: six lower-case hexadecimal digits.</param>
    /// <exception cref="ArgumentException">Not such a tag.</exception>
    public SessionNames(string tag)
    {
        if (!CheckpointId.IsTag(tag))
            throw new ArgumentException("A session's tag is six lower-case hexadecimal digits.", nameof(tag));
        _tag = tag;
    }

    /// <summary>The names of the session that takes this point.</summary>
    /// <param name="checkpoint">The point.</param>
    public SessionNames(CheckpointId checkpoint) : this(checkpoint.Tag)
    {
    }

    /// <summary>The folder for scratch images and the NBD socket, below the scratch directory.</summary>
    public string Directory => $"qbackup-{_tag}";

    /// <summary>The file name of the NBD socket.</summary>
    public string Socket => $"qbackup-{_tag}.sock";

    /// <summary>The file name of the mark that says whose the scratch folder is.</summary>
    internal string Mark => $"qbackup-{_tag}.json";

    /// <summary>The id, in QEMU, of a monitor that one process alone uses, and of the socket behind it.</summary>
    /// <param name="suffix">Eight random lower-case hexadecimal digits.</param>
    internal string Monitor(string suffix) => $"qb-{_tag}-monitor-{suffix}";

    /// <summary>The file name of that monitor's socket.</summary>
    /// <param name="suffix">The same digits.</param>
    internal string MonitorSocket(string suffix) => $"qbackup-{_tag}-{suffix}.monitor";

    /// <summary>Whether an id is that of such a monitor.</summary>
    /// <param name="id">The id.</param>
    internal static bool IsMonitor(string id) => OurMonitor().IsMatch(id);

    /// <summary>The tag of the session's checkpoint.</summary>
    internal string Tag => _tag;

    /// <summary>The bitmap on the scratch overlay that holds the merge of a kept sequence.</summary>
    public string MergedBitmap => $"qbackup-{_tag}-since";

    /// <summary>The names of what the session has of one disk.</summary>
    /// <param name="number">The disk's number in the session.</param>
    public DiskNames Disk(int number) => new(_tag, number.ToString(CultureInfo.InvariantCulture));

    /// <summary>The names of the session whose scratch folder has this name.</summary>
    /// <param name="directoryName">The name, without the folders above.</param>
    /// <returns>The names; null where it is not the name of a scratch folder.</returns>
    public static SessionNames? OfDirectory(string directoryName) =>
        OurDirectory().IsMatch(directoryName) ? new SessionNames(directoryName[FilePrefix.Length..]) : null;

    /// <summary>The names of the session that a scratch image, NBD socket or mark belongs to.</summary>
    /// <param name="fileName">The name, without folder.</param>
    /// <returns>The names; null where the file is not ours.</returns>
    public static SessionNames? OfFile(string fileName) =>
        IsOurFile(fileName) ? new SessionNames(fileName.Substring(FilePrefix.Length, CheckpointId.TagLength)) : null;

    /// <summary>Whether a file name is that of a scratch image, the NBD socket or the mark of this session.</summary>
    /// <param name="fileName">The name, without folder.</param>
    internal bool Owns(string fileName) =>
        IsOurFile(fileName) && fileName.AsSpan(FilePrefix.Length).StartsWith(_tag, StringComparison.Ordinal);

    /// <summary>Whether a node name, job id or export id belongs to a session, and to which session and disk.</summary>
    /// <param name="id">The node name or id.</param>
    /// <param name="tag">The session's tag.</param>
    /// <param name="disk">The disk's number in the session.</param>
    /// <returns>Whether it is ours.</returns>
    public static bool TryParse(string? id, out string tag, out int disk)
    {
        (tag, disk) = ("", -1);
        if (id is null || OurId().Match(id) is not { Success: true } match)
            return false;
        (tag, disk) = (match.Groups["tag"].Value, int.Parse(match.Groups["disk"].ValueSpan, CultureInfo.InvariantCulture));
        return true;
    }

    /// <summary>Whether a node name, job id or export id belongs to a session of this product.</summary>
    /// <param name="id">The node name or id.</param>
    /// <returns>Whether it is ours.</returns>
    public static bool IsOurs(string? id) => TryParse(id, out _, out _);

    /// <summary>Whether a file name is that of a scratch image, NBD socket or mark: only files with these names are ever removed.</summary>
    /// <param name="fileName">The name, without folder.</param>
    /// <returns>Whether it is ours.</returns>
    public static bool IsOurFile(string fileName) => OurFile().IsMatch(fileName);

    /// <summary>Whether a folder's name is that of a scratch folder.</summary>
    /// <param name="directoryName">The name, without the folders above.</param>
    /// <returns>Whether it is ours.</returns>
    public static bool IsOurDirectory(string directoryName) => OurDirectory().IsMatch(directoryName);

    [GeneratedRegex(@"\Aqb-(?<tag>[0-9a-f]{6})-(?<disk>[0-9]{1,4})(-[a-z]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex OurId();

    [GeneratedRegex(@"\Aqbackup-[0-9a-f]{6}(-[0-9]{1,4}\.qcow2|\.sock|\.json|-[0-9a-f]{8}\.monitor)\z", RegexOptions.CultureInvariant)]
    private static partial Regex OurFile();

    [GeneratedRegex(@"\Aqb-[0-9a-f]{6}-monitor-[0-9a-f]{8}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OurMonitor();

    [GeneratedRegex(@"\Aqbackup-[0-9a-f]{6}\z", RegexOptions.CultureInvariant)]
    private static partial Regex OurDirectory();
}

/// <summary>The names of what a session has of one disk: in QEMU, and in the scratch folder.</summary>
internal sealed record DiskNames
{
    private readonly string _base;

    /// <summary>The names of a disk's objects.</summary>
    /// <param name="tag">The session's tag.</param>
    /// <param name="number">The disk's number in the session.</param>
    internal DiskNames(string tag, string number) => (_base, ScratchFile) = ($"qb-{tag}-{number}", $"qbackup-{tag}-{number}.qcow2");

    /// <summary>The id of the job that holds the point in time.</summary>
    public string Job => _base;

    /// <summary>The id of the export.</summary>
    public string Export => _base;

    /// <summary>The id of the job that makes the scratch image's file.</summary>
    public string CreateFileJob => _base + "-create";

    /// <summary>The id of the job that formats the scratch image.</summary>
    public string FormatJob => _base + "-format";

    /// <summary>The id of the job that empties a scratch image which cannot be removed.</summary>
    public string EmptyJob => _base + "-empty";

    /// <summary>The node name of the scratch overlay.</summary>
    public string Overlay => _base + "-overlay";

    /// <summary>The node name of the scratch overlay's file.</summary>
    public string OverlayFile => _base + "-file";

    /// <summary>The node name of the <c>snapshot-access</c> node.</summary>
    public string Access => _base + "-access";

    /// <summary>The node name of the job's copy-before-write filter.</summary>
    public string Filter => _base + "-filter";

    /// <summary>The file name of the scratch image.</summary>
    public string ScratchFile { get; }
}

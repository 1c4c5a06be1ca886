using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QmpBackup.Host;
using QmpBackup.Qmp;

namespace QmpBackup.Observing;

/// <summary>
/// What running QEMUs can do, one small file for each process in a folder that only this user can enter. A file counts only if it is of
/// exactly this process, answers every question and can have been written by nobody else. In all other cases QEMU is asked.
/// </summary>
/// <remarks>
/// Not one file for each program: a QEMU that lies would then decide what is believed of others that run the same program, and options
/// (<c>-compat</c>) hide parts of the schema from one process and not from another.
/// </remarks>
/// <param name="folder">The folder; it is made when there is something to keep.</param>
internal sealed class FeatureCache(string folder)
{
    private const string Suffix = ".json";
    private const int MaxLength = 16 * 1024;
    private const int MaxFiles = 1000;
    private const uint OthersMayWrite = 0x12;

    /// <summary>Looks for the answers of this session's QEMU.</summary>
    /// <param name="client">The session.</param>
    /// <param name="questions">What has to be answered.</param>
    /// <returns>The answers; null where QEMU has to be asked.</returns>
    public Dictionary<string, bool>? Find(IQmpClient client, IReadOnlyCollection<string> questions)
    {
        try
        {
            if (KeyOf(client) is not { } key || !Directory.Exists(folder))
                return null;
            using var held = OpenOwn();
            if (held?.Find(NameOf(key)) is not { Kind: FileKind.Regular } status || !IsOwn(status))
                return null;
            using var document = JsonDocument.Parse(held.ReadAll(NameOf(key), MaxLength));
            var root = document.RootElement;
            // A file that was copied, renamed or cut off belongs to no process.
            if (root.GetProperty("process").GetString() != key)
                return null;
            var answers = root.GetProperty("answers");
            return questions.ToDictionary(question => question, question => answers.GetProperty(question).GetBoolean());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException
            or InvalidOperationException or KeyNotFoundException or BackupException)
        {
            return null;
        }
    }

    /// <summary>
    /// Keeps the answers of this session's QEMU, if it is known which process it is. A cache that cannot be written is none.
    /// </summary>
    /// <param name="client">The session.</param>
    /// <param name="answers">The answers.</param>
    public void Keep(IQmpClient client, IReadOnlyDictionary<string, bool> answers)
    {
        try
        {
            if (OperatingSystem.IsWindows() || KeyOf(client) is not { } key)
                return;
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var held = OpenOwn();
            if (held is null)
                return;
            var names = held.Names().Take(MaxFiles + 1).ToList();
            if (names.Count >= MaxFiles)
                names.ForEach(held.TryRemove);
            using var buffer = new MemoryStream();
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                writer.WriteString("process", key);
                writer.WriteStartObject("answers");
                foreach (var (question, answer) in answers)
                    writer.WriteBoolean(question, answer);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }

            held.Replace(NameOf(key), buffer.ToArray());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BackupException)
        {
            // The next command asks QEMU again.
        }
    }

    // What QEMU says of itself, the process, and the file that it runs. Null where the process is not known to be QEMU's.
    private static string? KeyOf(IQmpClient client)
    {
        if (ProcessReader.Read(client.PeerCredentials) is not { IsQemu: true, BeganAt: > 0 } process
            || FileStatus.Of(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Pid}/exe")) is not { } program)
        {
            return null;
        }

        var version = client.Greeting.Version;
        var ((major, minor), inode) = program.Identity;
        var (seconds, nanoseconds) = program.Changed;
        // Process ids and the time since the boot start again with each boot.
        var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        return string.Create(CultureInfo.InvariantCulture, $"{version} {version.Package} {boot} {process.Pid} {process.BeganAt} "
            + $"{major}:{minor} {inode} {program.Size} {seconds}.{nanoseconds:D9}");
    }

    private static string NameOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32] + Suffix;

    // Null: others can write to it, and what is in it may be theirs.
    private OpenFolder? OpenOwn()
    {
        var held = OpenFolder.Open(folder);
        if (IsOwn(FileStatus.Of(held.Handle)))
            return held;
        held.Dispose();
        return null;
    }

    private static bool IsOwn(FileStatus status) => status.Owner == OpenFolder.CurrentUser && (status.Mode & OthersMayWrite) == 0;
}

using System.Globalization;

namespace QmpBackup.Host;

/// <summary>
/// The way from the root to a path, each folder held open and each link followed by hand. So it is known whether another user could
/// redirect the path, and what is checked at its end is what is used.
/// </summary>
internal sealed class FolderWalk : IDisposable
{
    private const int MaxLinks = 40;

    private readonly List<(OpenFolder Folder, FileStatus Status, string? Distrust)> _way = [];
    private readonly uint? _owner;
    private string? _distrust;
    private string? _lastLink;

    private FolderWalk(string path, uint? owner) => (Path, _owner) = (path, owner);

    /// <summary>The path, as it was given.</summary>
    public string Path { get; }

    /// <summary>The folder at the end: the one that the path leads to, or in which <see cref="Name"/> is or would be.</summary>
    public OpenFolder Folder => _way[^1].Folder;

    /// <summary>The last name of the path; null where that leads to a folder.</summary>
    public string? Name { get; private set; }

    /// <summary>What <see cref="Name"/> is; null where there is nothing of that name yet.</summary>
    public FileStatus? Entry { get; private set; }

    /// <summary>The folders from the root to <see cref="Folder"/>.</summary>
    public IEnumerable<(OpenFolder Folder, FileIdentity Identity)> Way => _way.Select(w => (w.Folder, w.Status.Identity));

    /// <summary>
    /// Why users other than this one and root could have what is at the end replaced; null where they cannot. In a folder with the sticky
    /// bit, as /tmp, only what is in it matters, unless it is the one at the end: there anybody can put things beside what is ours.
    /// </summary>
    public string? Distrust => _distrust ?? _way.Select(w => w.Distrust).FirstOrDefault(d => d is not null)
        ?? FolderTrust.Judge(Folder, _way[^1].Status, _owner, isLast: true);

    /// <summary>Goes the way.</summary>
    /// <param name="path">A path, relative or not. What is at its end need not be there, the folder that it is in must.</param>
    /// <param name="owner">A user who is trusted as root is; null for none.</param>
    /// <exception cref="IOException">A folder is not there, or may not be entered.</exception>
    public static FolderWalk To(string path, uint? owner = null)
    {
        var walk = new FolderWalk(path, owner);
        try
        {
            walk.Go(System.IO.Path.IsPathRooted(path) ? path : System.IO.Path.Combine(Environment.CurrentDirectory, path));
            return walk;
        }
        catch
        {
            walk.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a path that other users could redirect.</summary>
    /// <param name="what">What is at the end, as "The repository".</param>
    /// <exception cref="BackupException">They could.</exception>
    public void RequireTrust(string what)
    {
        if (Distrust is not { } reason)
            return;
        throw new BackupException(BackupErrorCode.Storage, $"{what} {Path} can be tampered with by other users: {reason}.",
            Advice.Of($"Use a folder that only root and the user of this command can write, up to the root; or allow this one with "
                + $"{Feature.TrustFolders}."));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (folder, _, _) in _way)
            folder.Dispose();
        _way.Clear();
    }

    private void Go(string path)
    {
        var names = new Stack<string>();
        Enter(OpenFolder.Open("/", toWalk: true));
        Push(names, path);
        for (var links = 0; names.TryPop(out var name);)
        {
            if (name == "..")
            {
                if (_way.Count > 1)
                    Leave();
                continue;
            }

            var full = System.IO.Path.Combine(Folder.Path, name);
            if (Folder.Find(name) is not { } status)
            {
                if (names.Count > 0)
                    throw new DirectoryNotFoundException($"There is no folder {full}.");
                if (_lastLink is not null)
                    throw new FileNotFoundException($"{_lastLink} is a link to {full}, which is not there.");
                Name = name;
            }
            else if (status.Kind == FileKind.Link)
            {
                if (++links > MaxLinks)
                    throw new IOException($"{Path} leads through too many links.");
                if (!FolderTrust.IsOurs(status.Owner) && status.Owner != _owner)
                    _distrust ??= $"{full} is a link of user {status.Owner}";
                if (names.Count == 0)
                    _lastLink = full;
                var target = Folder.ReadLink(name);
                if (target.StartsWith('/'))
                {
                    while (_way.Count > 1)
                        Leave();
                }

                Push(names, target);
            }
            else if (status.Kind == FileKind.Folder)
            {
                Enter(Folder.OpenChild(name, toWalk: true));
            }
            else if (names.Count > 0)
            {
                throw new IOException($"{full} is not a folder.");
            }
            else
            {
                (Name, Entry) = (name, status);
            }
        }

        // Only the last folder is worked in, and must be readable for that.
        var (last, was, distrust) = _way[^1];
        _way[^1] = (last.OpenChild("."), was, distrust);
        last.Dispose();
    }

    private void Enter(OpenFolder folder)
    {
        // What is behind it was looked at through it: the sticky bit keeps that where it is.
        if (_way.Count > 0)
            _way[^1] = _way[^1] with { Distrust = FolderTrust.Judge(Folder, _way[^1].Status, _owner, isLast: false) };
        _way.Add((folder, FileStatus.Of(folder.Handle), null));
    }

    private void Leave()
    {
        // A link that leads away was in it.
        _distrust ??= FolderTrust.Judge(Folder, _way[^1].Status, _owner, isLast: false);
        _way[^1].Folder.Dispose();
        _way.RemoveAt(_way.Count - 1);
    }

    private static void Push(Stack<string> names, string path)
    {
        foreach (var name in path.Split('/').Reverse().Where(n => n is not ("" or ".")))
            names.Push(name);
    }
}

/// <summary>Who, besides root and the user of this process, could change what is in a folder.</summary>
internal static class FolderTrust
{
    private const uint GroupWrite = 0b010_000;
    private const uint OthersWrite = 0b010;

    /// <summary>Whether a user is trusted: root, or the user of this process.</summary>
    /// <param name="user">The user's id.</param>
    public static bool IsOurs(uint user) => user == 0 || user == OpenFolder.CurrentUser;

    /// <summary>Judges a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="status">What the kernel knows of it.</param>
    /// <param name="owner">A user who is trusted too; null for none.</param>
    /// <param name="isLast">
    /// Whether files are made in it. Else it is only on the way to another folder, and a sticky bit is enough.
    /// </param>
    /// <returns>Who could change what is in it, in words; null if no other user could.</returns>
    public static string? Judge(OpenFolder folder, FileStatus status, uint? owner, bool isLast)
    {
        if (!IsOurs(status.Owner) && status.Owner != owner)
            return $"{folder.Path} belongs to user {status.Owner}";
        if (!isLast && (status.Mode & FileStatus.Sticky) != 0)
            return null;
        if ((status.Mode & OthersWrite) != 0)
            return $"every user can write to {folder.Path}";
        return (status.Mode & GroupWrite) == 0 || (IsPrivate(status.Group) && !HasList(folder)) ? null
            : $"group {status.Group} can write to {folder.Path}";
    }

    // Many systems give every user a private group, and folders that this group can write are common.
    private static bool IsPrivate(uint group)
    {
        if (group == 0)
            return true;
        if (group != OpenFolder.CurrentGroup)
            return false;
        try
        {
            var (id, us) = (group.ToString(CultureInfo.InvariantCulture), OpenFolder.CurrentUser.ToString(CultureInfo.InvariantCulture));
            var users = File.ReadLines("/etc/passwd").Select(l => l.Split(':')).Where(f => f.Length > 3).ToList();
            var ours = users.Where(f => f[2] == us || f[2] == "0").Select(f => f[0]).ToHashSet();
            return users.TrueForAll(f => f[3] != id || ours.Contains(f[0]))
                && File.ReadLines("/etc/group").Select(l => l.Split(':')).Where(f => f.Length > 3 && f[2] == id)
                    .All(f => f[3].Split(',', StringSplitOptions.RemoveEmptyEntries).All(ours.Contains));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // With an access control list the group's bits are those of everybody in the list.
    private static bool HasList(OpenFolder folder) =>
        Syscalls.Getxattr(OpenFolder.PathOf(folder.Handle), "system.posix_acl_access", 0, 0) > 0;
}

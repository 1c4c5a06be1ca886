using System.Globalization;

namespace QmpBackup.Host;

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

using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// A file that is written under a temporary random name, readable only by this user, and gets its name when all of it is right.
/// </summary>
internal sealed class FilePlace : RestorePlace
{
    private const uint Permissions = 0x1ff;

    private readonly FolderWalk _walk;
    private readonly string _entry;
    private readonly FileStatus? _replaced;
    private string? _temporary;
    private SafeFileHandle? _file;

    /// <summary>A place.</summary>
    /// <param name="name">The path, as the user named it.</param>
    /// <param name="walk">The folders on the path. Disposed of with this object.</param>
    /// <param name="force">Whether a file with that name may be replaced.</param>
    /// <exception cref="BackupException">The file exists already, or is in use.</exception>
    public FilePlace(string name, FolderWalk walk, bool force) : base(name)
    {
        (_walk, _entry, _replaced) = (walk, walk.Name!, walk.Entry);
        if (_replaced is null)
            return;
        // Checked first: the message below suggests to replace the file, which would be wrong for one that is in use.
        RequireUnused();
        if (!force)
            throw Refused($"{name} exists already.", Advice.Of($"Name another file. {Feature.Overwrite} replaces this one."));
    }

    /// <summary>Makes the new file.</summary>
    /// <returns>The file, open for reading and writing.</returns>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public SafeFileHandle Begin()
    {
        var temporary = ".qbackup-" + Path.GetRandomFileName();
        _file = _walk.Folder.CreateFile(temporary);
        _temporary = temporary;
        if (_replaced is not { } replaced)
            return _file;
        // Tried now, not after hours. Until the file is complete, it belongs to this user.
        var made = FileStatus.Of(_file);
        Own(replaced.Owner, replaced.Group);
        Own(made.Owner, made.Group);
        return _file;
    }

    /// <summary>Gives the file its name. Its content must be on stable storage.</summary>
    /// <exception cref="BackupException">The file with that name has changed, or is in use now.</exception>
    /// <exception cref="IOException">The file cannot be renamed.</exception>
    public void Complete()
    {
        if (_replaced is { } replaced)
        {
            if (_walk.Folder.Find(_entry) is not { } now || now.Identity != replaced.Identity || now.Changed != replaced.Changed)
            {
                throw Refused(
                    $"{Name} was changed since the restore began, and is not replaced.", "Find out what writes there, and restore again.");
            }

            RequireUnused();
            Own(replaced.Owner, replaced.Group);
            if (Syscalls.Fchmod(_file!, replaced.Mode & Permissions) != 0)
                throw FileFailure.Last(Name);
            SafeFile.Flush(_file!, Name);
        }

        // Users who can write in the folder can replace the file.
        if (_walk.Folder.Find(_temporary!)?.Identity != FileStatus.Of(_file!).Identity)
        {
            throw Refused($"The new file beside {Name} was removed or replaced while it was written.",
                "Find out what writes there, and restore to a folder that only this user can write.");
        }

        try
        {
            _walk.Folder.Rename(_temporary!, _entry, replace: _replaced is not null);
        }
        catch (IOException e) when (e.HResult == FileFailure.Exists)
        {
            throw Refused($"{Name} was made by something else during the restore, and is not replaced.",
                "Find out what writes there, and restore to another file.", e);
        }

        _temporary = null;
        _walk.Folder.Flush();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        try
        {
            if (_temporary is not null)
                _walk.Folder.Remove(_temporary);
        }
        finally
        {
            _file?.Dispose();
            _walk.Dispose();
        }
    }

    private void RequireUnused()
    {
        try
        {
            using var file = _walk.Folder.OpenFile(_entry);
            RequireUnused(file, Name);
        }
        catch (InvalidDataException e)
        {
            throw Refused($"{e.Message}.", "Find out what changes it, and restore again.", e);
        }
    }

    private void Own(uint owner, uint group)
    {
        if (Syscalls.Fchown(_file!, owner, group) != 0 && FileStatus.Of(_file!) is var now && (now.Owner != owner || now.Group != group))
        {
            throw Refused($"{Name} belongs to user {owner} and group {group}, and this user cannot make files for them.",
                "Restore to another file, or as root.");
        }
    }
}

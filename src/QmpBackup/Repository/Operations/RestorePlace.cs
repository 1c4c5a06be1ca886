using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;
using QmpBackup.Nbd;

namespace QmpBackup.Repository.Operations;

/// <summary>Where one disk is restored to, found, checked and held open: what was checked is what is written to.</summary>
/// <param name="name">The absolute path, or the URI, as the user named it.</param>
internal abstract class RestorePlace(string name) : IDisposable
{
    /// <summary>The absolute path, or the URI, as the user named it.</summary>
    public string Name { get; } = name;

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Finds the place and makes sure that it can be written to: nothing is written yet.</summary>
    /// <param name="target">What the user named.</param>
    /// <param name="rules">What may be written to.</param>
    /// <exception cref="BackupException">It cannot be written, or must not be.</exception>
    public static RestorePlace Open(RestoreTarget target, RestoreRules rules)
    {
        if (target.Uri is { } uri)
            return new ExportPlace(target.Name, uri);
        var walk = rules.Walk(target.Name);
        try
        {
            if (walk.Name is null)
            {
                throw Refused($"{target.Name} is a folder.",
                    "Name a file in it. With a / at the end of the path, the file is given the disk's name.");
            }

            switch (walk.Entry?.Kind)
            {
                case null or FileKind.Regular:
                    return new FilePlace(target.Name, walk, rules.Force);
                case FileKind.BlockDevice:
                    var device = DevicePlace.Open(target.Name, walk, rules.Force);
                    walk.Dispose();
                    return device;
                case var kind:
                    throw Refused($"{target.Name} is {Words(kind.Value)}: a disk cannot be restored to that.",
                        "Name a file, a folder, a block device or an NBD URI.");
            }
        }
        catch (InvalidDataException e)
        {
            walk.Dispose();
            throw Refused($"{e.Message}.", "It was something else a moment ago. Find out what changes it.", e);
        }
        catch
        {
            walk.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a file or device that is in use.</summary>
    /// <exception cref="BackupException">It is in use.</exception>
    protected static void RequireUnused(SafeFileHandle file, string name)
    {
        if (FileUsers.Find(file) is { } user)
        {
            throw Refused($"{name} is in use: {user} has it open.",
                "Restore to another place. Or stop what uses it first; what it has written is lost then.");
        }
    }

    protected static BackupException Refused(string message, Advice remedy, Exception? inner = null) =>
        new(BackupErrorCode.Storage, message, remedy, inner);

    private static string Words(FileKind kind) => kind switch
    {
        FileKind.CharacterDevice => "a character device",
        FileKind.Fifo => "a FIFO",
        FileKind.Socket => "a socket",
        _ => "not a file",
    };
}

/// <summary>An NBD export.</summary>
/// <param name="name">The URI as it was written.</param>
/// <param name="uri">The export.</param>
internal sealed class ExportPlace(string name, NbdUri uri) : RestorePlace(name)
{
    public NbdUri Uri { get; } = uri;

    public override void Dispose()
    {
    }
}

/// <summary>
/// A block device, which is overwritten in place. This process has it open exclusively, so that it cannot be mounted in the meantime.
/// </summary>
internal sealed class DevicePlace : RestorePlace
{
    private const int Busy = 16;

    private readonly SafeFileHandle _device;

    private DevicePlace(string name, SafeFileHandle device) : base(name) => _device = device;

    /// <summary>A path by which another program opens this device, even if its name has changed.</summary>
    public string Path => OpenFolder.PathOf(_device);

    public static DevicePlace Open(string name, FolderWalk walk, bool force)
    {
        SafeFileHandle device;
        try
        {
            device = walk.Folder.OpenFile(walk.Name!, write: force, device: true);
        }
        catch (IOException e) when (e.HResult == Busy)
        {
            throw Refused(
                $"{name} is in use: it is mounted, or part of something that is.", "Name another device. Or unmount it first.", e);
        }

        try
        {
            RequireUnused(device, name);
            return force ? new DevicePlace(name, device)
                : throw Refused($"{name} exists already.", Advice.Of($"{Feature.Overwrite} overwrites what is on it."));
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    public override void Dispose() => _device.Dispose();
}

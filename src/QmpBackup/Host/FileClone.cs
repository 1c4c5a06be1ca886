using Microsoft.Win32.SafeHandles;

namespace QmpBackup.Host;

/// <summary>
/// Copies files in a folder. A file system that can share the blocks of two files does so, which takes no time and no space.
/// </summary>
internal static class FileClone
{
    // _IOW(0x94, 9, int)
    private const nuint Clone = 0x40049409;

    /// <summary>Copies a file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="from">The file's name.</param>
    /// <param name="to">The copy's name: what has this name is replaced.</param>
    /// <exception cref="IOException">The file cannot be read, or the copy not be written.</exception>
    public static void Copy(OpenFolder folder, string from, string to)
    {
        folder.Remove(to);
        using var source = folder.OpenFile(from);
        using var target = folder.CreateFile(to);
        if (TryClone(source, target))
            return;
        // The class library lets the kernel copy.
        File.Copy(OpenFolder.PathOf(source), OpenFolder.PathOf(target), overwrite: true);
    }

    /// <summary>Whether a copy of a file of this folder shares its blocks.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="file">The file's name.</param>
    /// <param name="probe">The name of a file that can be made and removed.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static bool IsFree(OpenFolder folder, string file, string probe)
    {
        folder.Remove(probe);
        using var source = folder.OpenFile(file);
        using var target = folder.CreateFile(probe);
        var isFree = TryClone(source, target);
        folder.Remove(probe);
        return isFree;
    }

    private static bool TryClone(SafeFileHandle source, SafeFileHandle target)
    {
        var added = false;
        source.DangerousAddRef(ref added);
        try
        {
            return Syscalls.Ioctl(target, Clone, (int)source.DangerousGetHandle()) == 0;
        }
        finally
        {
            source.DangerousRelease();
        }
    }
}

using System.Runtime.InteropServices;

namespace QmpBackup.Files;

/// <summary>Makes exceptions of what the kernel refuses, with the path in it and without words of a library.</summary>
internal static class FileFailure
{
    public const int NotFound = 2;
    public const int Exists = 17;
    public const int NotSupported = 95;
    public const int Invalid = 22;
    public const int NotAllowed = 1;
    public const int NoSystemCall = 38;

    // ELOOP: O_NOFOLLOW found a link.
    public const int IsLink = 40;

    /// <summary>The failure of the last call.</summary>
    /// <param name="path">What it was about.</param>
    public static IOException Last(string path) => Of(Marshal.GetLastPInvokeError(), path);

    /// <summary>The failure that an error number stands for; the number is its <see cref="Exception.HResult"/>.</summary>
    /// <param name="errno">The number.</param>
    /// <param name="path">What it was about.</param>
    public static IOException Of(int errno, string path)
    {
        var text = $"{path}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return errno == NotFound ? new FileNotFoundException(text, path) : new IOException(text, errno);
    }
}

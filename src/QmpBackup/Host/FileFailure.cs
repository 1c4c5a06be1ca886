using System.Runtime.InteropServices;

namespace QmpBackup.Host;

/// <summary>Makes exceptions of the kernel's errors: the path, and the operating system's words.</summary>
internal static class FileFailure
{
    public const int NotFound = 2;
    public const int Exists = 17;
    public const int NotSupported = 95;
    public const int Invalid = 22;
    public const int NotAllowed = 1;
    public const int NoSystemCall = 38;
    public const int NoAccess = 13;
    public const int NoDevice = 6;
    public const int NoFolder = 20;
    public const int IsFolder = 21;
    public const int IoError = 5;
    public const int NoSpace = 28;
    public const int OverQuota = 122;

    private const int MaxErrorNumber = 4095;

    // ELOOP: O_NOFOLLOW found a link.
    public const int IsLink = 40;

    /// <summary>The failure of the last call.</summary>
    /// <param name="path">What it was about.</param>
    public static IOException Last(string path) => Of(Marshal.GetLastPInvokeError(), path);

    /// <summary>Why the kernel refused something, without the path.</summary>
    /// <param name="failure">A failure of <see cref="Last"/> or <see cref="Of"/>.</param>
    public static string ReasonOf(IOException failure) =>
        failure is FileNotFoundException ? Marshal.GetPInvokeErrorMessage(NotFound)
        : failure.HResult is > 0 and <= MaxErrorNumber ? Marshal.GetPInvokeErrorMessage(failure.HResult) : failure.Message.TrimEnd('.');

    /// <summary>
    /// Says what went wrong with a file: its path once, and the operating system's words instead of those of the class library.
    /// </summary>
    /// <param name="path">What was worked on, for where the failure does not name it.</param>
    /// <param name="failure">The failure.</param>
    public static string Explain(string path, Exception failure)
    {
        var errno = (failure as IOException ?? failure.InnerException as IOException)?.HResult ?? 0;
        var reason = failure switch
        {
            FileNotFoundException => Marshal.GetPInvokeErrorMessage(NotFound),
            DirectoryNotFoundException => "No such folder",
            PathTooLongException => "The name is too long",
            _ when errno is > 0 and <= MaxErrorNumber => Marshal.GetPInvokeErrorMessage(errno),
            UnauthorizedAccessException => Marshal.GetPInvokeErrorMessage(NoAccess),
            _ => null,
        };
        if (reason is null || failure.Message.StartsWith('/'))
            return failure.Message.StartsWith('/') ? failure.Message : $"{path}: {failure.Message.TrimEnd('.')}";
        // The class library quotes the path, which may be that of a file in a folder.
        var parts = failure.Message.Split('\'');
        return $"{(parts is [_, ['/', ..] named, ..] ? named : path)}: {reason}";
    }

    /// <summary>The failure that an error number stands for; the number is its <see cref="Exception.HResult"/>.</summary>
    /// <param name="errno">The number.</param>
    /// <param name="path">What it was about.</param>
    public static IOException Of(int errno, string path)
    {
        var text = $"{path}: {Marshal.GetPInvokeErrorMessage(errno)}";
        return errno == NotFound ? new FileNotFoundException(text, path) : new IOException(text, errno);
    }

    /// <summary>Whether a failure is one of files.</summary>
    /// <param name="failure">The failure.</param>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>The failure of a repository's or image's file as a backup error.</summary>
    /// <param name="path">The path that was worked on, for a failure that does not name it.</param>
    /// <param name="failure">The failure.</param>
    public static BackupException ToBackupException(string path, Exception failure) =>
        new(BackupErrorCode.Storage, $"{Explain(path, failure)}.",
            Advice.Of($"Check whether there is space, and whether {Feature.Program} may read and write there."), failure);
}

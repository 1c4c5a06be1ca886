using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Cli.Errors;

namespace QmpBackup.Cli.Logging;

/// <summary>
/// Opens the file of <c>--log-file</c>. A log tells a lot about a VM, so only its owner can read a new one, whatever the umask. A file
/// or link that another user put in its place, to read the log or to have another file overwritten, is refused.
/// </summary>
internal static partial class LogFileStream
{
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int EntryExists = 17;
    private const int IsLink = 40;
    private const uint OwnerOnly = 0b110_000_000;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7ff;
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000
        : 0x20000;

    /// <exception cref="UsageException">The file cannot be opened, or is not safe for a log.</exception>
    public static StreamWriter Open(string path)
    {
        try
        {
            var file = OperatingSystem.IsLinux() ? OpenSafely(path)
                : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            return new StreamWriter(file, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"The log file '{path}' cannot be written: {FailureText.Of(e)}.", "Name another one with --log-file.");
        }
    }

    private static FileStream OpenSafely(string path)
    {
        const int How = WriteOnly | Append | NonBlocking | CloseOnExec;
        // First as a new file: in a folder such as /tmp the kernel refuses to open another user's file with O_CREAT.
        var file = OpenPath(path, How | NoFollow | Create | Exclusive, OwnerOnly);
        if (file.IsInvalid && Marshal.GetLastPInvokeError() == EntryExists)
            file = OpenPath(path, How | NoFollow, 0);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException(error == IsLink ? "it is a link" : FailureText.Of(error));
        }

        try
        {
            if (Ask(file, "", EmptyPath, BasicStatus, out var status) != 0)
                throw new IOException(FailureText.Of(Marshal.GetLastPInvokeError()));
            if ((status.Mode & 0xf000) != 0x8000)
                throw new IOException("it is not a regular file");
            if (status.Owner != 0 && status.Owner != GetEffectiveUser())
                throw new IOException($"it belongs to another user (id {status.Owner}), who could read it");
            return new FileStream(file, FileAccess.Write, bufferSize: 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenPath(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Ask(SafeFileHandle file, string path, int flags, uint mask, out Statx status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    // Unlike struct stat, it has the same layout on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(28)] public ushort Mode;
    }
}

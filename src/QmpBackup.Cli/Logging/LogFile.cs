using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Cli.Errors;

namespace QmpBackup.Cli.Logging;

/// <summary>
/// Opens the file of <c>--log-file</c>. A log tells a lot about a VM: a new file is its owner's alone, whatever the umask, and nobody else can have put a file or a link of his own in its
/// place, to read it or to have something else written to.
/// </summary>
internal static partial class LogFile
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
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <exception cref="UsageException">It cannot be opened, or is not fit for a log.</exception>
    public static StreamWriter Open(string path)
    {
        try
        {
            return new StreamWriter(OperatingSystem.IsLinux() ? OpenSafely(path) : new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite), new UTF8Encoding(false))
            {
                AutoFlush = true,
                NewLine = "\n",
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"The log file '{path}' cannot be written: {Reason.Of(e)}.", "Name another one with --log-file.");
        }
    }

    private static FileStream OpenSafely(string path)
    {
        const int How = WriteOnly | Append | NonBlocking | CloseOnExec;
        // A new one first: in a folder like /tmp the kernel refuses to open what is another user's where it might have to be made.
        var file = OpenPath(path, How | NoFollow | Create | Exclusive, OwnerOnly);
        if (file.IsInvalid && Marshal.GetLastPInvokeError() == EntryExists)
            file = OpenPath(path, How | NoFollow, 0);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException(error == IsLink ? "it is a link" : Reason.Of(error));
        }

        try
        {
            if (Ask(file, "", EmptyPath, BasicStatus, out var status) != 0)
                throw new IOException(Reason.Of(Marshal.GetLastPInvokeError()));
            if ((status.Mode & 0xf000) != 0x8000)
                throw new IOException("it is no regular file");
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

    // The same on every architecture, which struct stat is not.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(28)] public ushort Mode;
    }
}

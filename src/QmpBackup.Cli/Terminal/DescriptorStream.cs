using System.Runtime.InteropServices;

namespace QmpBackup.Cli.Terminal;

/// <summary>
/// Standard output or error. Every failure is an <see cref="IOException"/>. The stream of <see cref="Console"/> swallows EPIPE and
/// throws other exceptions, and a <see cref="FileStream"/> writes at its own offset, over what another process wrote to the same file.
/// </summary>
/// <param name="descriptor">1 or 2.</param>
internal sealed partial class DescriptorStream(int descriptor) : Stream
{
    private const int StandardOutput = 1;
    private const int Eintr = 4;
    private const int Ebadf = 9;
    private const int Epipe = 32;
    private const short PollOut = 4;
    private const nuint GetWindowSize = 0x5413;
    private static readonly int Eagain = OperatingSystem.IsLinux() ? 11 : 35;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = WriteTo(descriptor, in MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == Eintr)
                continue;
            if (error == Epipe)
                throw new ReaderGoneException();
            if (error == Ebadf)
                throw new IOException($"Standard {(descriptor == StandardOutput ? "output" : "error")} is closed");
            if (error != Eagain)
                throw new IOException(Marshal.GetPInvokeErrorMessage(error));
            // Another process that shares the pipe made it non-blocking.
            var wanted = new PollRequest { FileDescriptor = descriptor, Events = PollOut };
            _ = Poll(ref wanted, 1, -1);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The columns of the terminal on Linux; null if standard output is not a terminal.</summary>
    public static int? TerminalWidth()
    {
        var size = default(WindowSize);
        return Control(StandardOutput, GetWindowSize, ref size) == 0 && size.Columns > 0 ? size.Columns : null;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(int fileDescriptor, nuint request, ref WindowSize size);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteTo(int fileDescriptor, in byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest requests, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int FileDescriptor;
        public short Events;
        public short Happened;
    }
}

/// <summary>The reader of standard output closed it, perhaps because it has enough, as <c>head</c> does.</summary>
internal sealed class ReaderGoneException() : IOException("Nothing reads standard output any more");

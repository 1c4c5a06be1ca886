using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace QmpBackup.Qmp;

/// <summary>What the other end of a unix socket has not read yet. The Linux kernel counts it (<c>SIOCOUTQ</c>).</summary>
internal static partial class UnreadBytes
{
    private const nuint SiocOutq = 0x5411;

    /// <summary>Asks the kernel.</summary>
    /// <param name="socket">A socket.</param>
    /// <returns>More than 0 while something is unread; 0 also where the kernel does not tell.</returns>
    public static int At(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily != AddressFamily.Unix)
            return 0;
        try
        {
            return ioctl(socket.SafeHandle, SiocOutq, out var bytes) == 0 ? bytes : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeSocketHandle socket, nuint request, out int value);
}

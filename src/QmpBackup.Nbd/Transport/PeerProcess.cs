using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace QmpBackup.Nbd.Transport;

/// <summary>Who listens at the other end of a unix socket, as the Linux kernel vouches for it.</summary>
internal static class PeerProcess
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>The process id; null where it cannot be told. 0 is a process of a namespace that cannot be seen from here.</summary>
    public static int? Of(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        // struct ucred { pid_t pid; uid_t uid; gid_t gid; } in native byte order.
        Span<int> credentials = stackalloc int[3];
        try
        {
            var bytes = MemoryMarshal.AsBytes(credentials);
            return socket.GetRawSocketOption(SolSocket, SoPeerCred, bytes) == bytes.Length ? credentials[0] : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}

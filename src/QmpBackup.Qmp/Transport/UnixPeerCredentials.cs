using System.Buffers.Binary;
using System.Net.Sockets;

namespace QmpBackup.Qmp;

/// <summary>
/// The process that created the listening unix socket at the other end, as reported by the Linux kernel (<c>SO_PEERCRED</c>).
/// </summary>
/// <remarks>
/// These are the credentials of the process when it called <c>listen()</c>. If a manager opened the socket for QEMU, or if QEMU
/// dropped its privileges later (<c>-run-with user=</c>), they are those of that earlier moment.
/// </remarks>
/// <param name="ProcessId">The process id in this process's pid namespace; 0 when the process is not visible there.</param>
/// <param name="UserId">The effective user id.</param>
/// <param name="GroupId">The effective group id.</param>
public sealed record UnixPeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>Asks the kernel which process created the listening socket at the other end.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <returns>The credentials; null when the socket is not a unix socket, or the system is not Linux.</returns>
    public static UnixPeerCredentials? TryGet(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (!OperatingSystem.IsLinux() || socket.AddressFamily != AddressFamily.Unix)
            return null;

        // struct ucred { pid_t pid; uid_t uid; gid_t gid; } in native byte order.
        Span<byte> ucred = stackalloc byte[12];
        try
        {
            if (socket.GetRawSocketOption(SolSocket, SoPeerCred, ucred) != ucred.Length)
                return null;
        }
        catch (SocketException)
        {
            return null;
        }

        return BitConverter.IsLittleEndian
            ? new(
                BinaryPrimitives.ReadInt32LittleEndian(ucred),
                BinaryPrimitives.ReadUInt32LittleEndian(ucred[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(ucred[8..]))
            : new(
                BinaryPrimitives.ReadInt32BigEndian(ucred),
                BinaryPrimitives.ReadUInt32BigEndian(ucred[4..]),
                BinaryPrimitives.ReadUInt32BigEndian(ucred[8..]));
    }
}

using System.Buffers.Binary;
using System.Net.Sockets;

namespace QmpBackup.Qmp;

/// <summary>Who made the listening unix socket at the other end, as the Linux kernel vouches for it (<c>SO_PEERCRED</c>).</summary>
/// <remarks>
/// These are the credentials of the process at the moment it called <c>listen()</c>. A QEMU that was handed its socket by a
/// manager, or that dropped its privileges later (<c>-run-with user=</c>), shows those of that earlier moment.
/// </remarks>
/// <param name="ProcessId">The process id as seen in our pid namespace; 0 when it lives in one that we cannot see.</param>
/// <param name="UserId">The effective user id.</param>
/// <param name="GroupId">The effective group id.</param>
public sealed record UnixPeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>Asks the kernel who made the listening socket that a socket is connected to.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <returns>Who; null where that cannot be told: not a unix socket, not Linux.</returns>
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

using System.Globalization;

namespace QmpBackup.Qmp.Qapi;

public partial record SocketAddress
{
    /// <summary>A TCP address.</summary>
    /// <param name="host">The host name or address.</param>
    /// <param name="port">The port.</param>
    /// <returns>The address.</returns>
    public static SocketAddress Inet(string host, int port) =>
        new SocketAddressInet { Host = host, Port = port.ToString(CultureInfo.InvariantCulture) };

    /// <summary>A unix socket address.</summary>
    /// <param name="path">The path of the socket, on the host of the VM.</param>
    /// <returns>The address.</returns>
    public static SocketAddress Unix(string path) => new SocketAddressUnix { Path = path };
}

public partial record SocketAddressLegacy
{
    /// <summary>A TCP address.</summary>
    /// <param name="host">The host name or address.</param>
    /// <param name="port">The port.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Inet(string host, int port) =>
        Inet(new InetSocketAddress { Host = host, Port = port.ToString(CultureInfo.InvariantCulture) });

    /// <summary>A unix socket address.</summary>
    /// <param name="path">The path of the socket, on the host of the VM.</param>
    /// <returns>The address.</returns>
    public static SocketAddressLegacy Unix(string path) => Unix(new UnixSocketAddress { Path = path });
}

public partial record BlockDirtyInfo
{
    /// <summary>Whether the bitmap is inconsistent. It can then only be removed.</summary>
    public bool IsInconsistent => Inconsistent == true;
}

public partial record UuidInfo
{
    /// <summary>Whether the VM has a UUID.</summary>
    public bool IsSet => Guid.TryParse(Uuid, out var uuid) && uuid != Guid.Empty;
}

public partial record VersionInfo
{
    /// <summary>The version number.</summary>
    /// <returns>The version number.</returns>
    public override string ToString() => Qemu.ToString();
}

public partial record VersionTriple
{
    /// <summary>Whether this version is at least the given one.</summary>
    /// <param name="major">The major version.</param>
    /// <param name="minor">The minor version.</param>
    /// <param name="micro">The micro version.</param>
    /// <returns>True for the same or a later version.</returns>
    public bool IsAtLeast(int major, int minor, int micro = 0) =>
        (Major, Minor, Micro).CompareTo(((long)major, (long)minor, (long)micro)) >= 0;

    /// <summary>The version as major.minor.micro.</summary>
    /// <returns>The version.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Micro}");
}

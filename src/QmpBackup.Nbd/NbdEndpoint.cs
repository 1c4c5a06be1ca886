namespace QmpBackup.Nbd;

/// <summary>Where an NBD server listens: a unix socket or a TCP port.</summary>
public sealed record NbdEndpoint
{
    /// <summary>The port that IANA assigned to NBD.</summary>
    public const int DefaultPort = 10809;

    private NbdEndpoint(string? socketPath, string? host, int port)
    {
        SocketPath = socketPath;
        Host = host;
        Port = port;
    }

    /// <summary>Path of the unix socket; null for TCP. A first character NUL means Linux's abstract namespace.</summary>
    public string? SocketPath { get; }

    /// <summary>Host name or address; null for a unix socket.</summary>
    public string? Host { get; }

    /// <summary>TCP port, 1 to 65535; 0 for a unix socket.</summary>
    public int Port { get; }

    /// <summary>A unix socket.</summary>
    /// <param name="path">Its path.</param>
    public static NbdEndpoint Unix(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new NbdEndpoint(path, null, 0);
    }

    /// <summary>A TCP port.</summary>
    /// <param name="host">Host name or address; an IPv6 address without brackets.</param>
    /// <param name="port">1 to 65535.</param>
    public static NbdEndpoint Tcp(string host, int port = DefaultPort)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        return new NbdEndpoint(null, host, port);
    }

    /// <summary><c>unix:PATH</c> or <c>tcp:HOST:PORT</c>.</summary>
    public override string ToString() => SocketPath is { } path
        ? "unix:" + path.Replace('\0', '@')
        : Host!.Contains(':', StringComparison.Ordinal) ? $"tcp:[{Host}]:{Port}" : $"tcp:{Host}:{Port}";
}

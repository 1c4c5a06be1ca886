using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup.Nbd;

/// <summary>How a client connects and behaves. Every default is visible here.</summary>
public sealed record NbdClientOptions
{
    /// <summary>
    /// The metadata contexts wanted, as <c>base:allocation</c>, <c>qemu:dirty-bitmap:NAME</c> or <c>qemu:allocation-depth</c>. A query that
    /// ends in a colon (<c>base:</c>, <c>qemu:dirty-bitmap:</c>, <c>qemu:</c>) stands for everything that the server lists under it.
    /// What the server granted is in <see cref="NbdClient.MetaContexts"/>.
    /// </summary>
    public IReadOnlyList<string> MetaContexts { get; init; } = [];

    /// <summary>Connections to open, 1 to 16; only the first is opened unless the export has <see cref="NbdTransmissionFlags.CanMultiConn"/>. Default 1.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>Requests in flight on each connection, 1 to 1024; a call beyond that waits. Default 64.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>Longer reads and writes are split into requests of at most this many bytes, 64 KiB to 32 MiB; the server's own limit holds too. Default 32 MiB.</summary>
    public int MaxRequestLength { get; init; } = 32 * 1024 * 1024;

    /// <summary>Extents kept of one block status answer for each context, 16 to 2^20; the rest is asked for again. Default 32768 (512 KiB).</summary>
    public int MaxExtentsPerReply { get; init; } = 32768;

    /// <summary>Ask for structured replies. Without them there are no metadata contexts. Default true.</summary>
    public bool StructuredReplies { get; init; } = true;

    /// <summary>Ask for extended headers (QEMU 8.2 and later have them). Default true.</summary>
    public bool ExtendedHeaders { get; init; } = true;

    /// <summary>Whether to encrypt. Default: as the URI says.</summary>
    public NbdTlsMode TlsMode { get; init; } = NbdTlsMode.FromUri;

    /// <summary>Certificates for TLS; null for the operating system's authorities and no client certificate.</summary>
    public NbdTlsOptions? Tls { get; init; }

    /// <summary>
    /// The process id of the server that must be at the other end of a unix socket, so that nobody can put another server's socket in its place; null for any. The kernel tells it
    /// (<c>SO_PEERCRED</c>, Linux). Not looked at over TCP.
    /// </summary>
    public int? ServerProcess { get; init; }

    /// <summary>Time to open the socket. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the handshakes of all connections together, TLS included; <see cref="Timeout.InfiniteTimeSpan"/> for none. Default 30 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time for one request to be answered. A request that is late fails; one that is still not answered after twice this time
    /// closes the connection. Default 2 minutes; <see cref="Timeout.InfiniteTimeSpan"/> for none.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Where to log. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of the timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        CheckRange(Connections, 1, 16, nameof(Connections));
        CheckRange(MaxInFlight, 1, 1024, nameof(MaxInFlight));
        CheckRange(MaxRequestLength, 64 * 1024, 32 * 1024 * 1024, nameof(MaxRequestLength));
        CheckRange(MaxExtentsPerReply, 16, 1 << 20, nameof(MaxExtentsPerReply));
        CheckTimeout(ConnectTimeout, nameof(ConnectTimeout));
        CheckTimeout(HandshakeTimeout, nameof(HandshakeTimeout));
        CheckTimeout(CommandTimeout, nameof(CommandTimeout));
        foreach (var context in MetaContexts)
        {
            if (context.IndexOf(':', StringComparison.Ordinal) < 1 || System.Text.Encoding.UTF8.GetByteCount(context) > Protocol.NbdConstants.MaxString)
                throw new ArgumentException($"\"{context}\" is not a metadata context: NAMESPACE:NAME is expected.", nameof(MetaContexts));
        }
    }

    private static void CheckRange(int value, int minimum, int maximum, string name)
    {
        if (value < minimum || value > maximum)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be between {minimum} and {maximum}.");
    }

    private static void CheckTimeout(TimeSpan value, string name)
    {
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value > TimeSpan.FromDays(24)))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be positive and at most 24 days, or infinite.");
    }
}

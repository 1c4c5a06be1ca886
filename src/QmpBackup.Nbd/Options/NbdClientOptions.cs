using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>How a client connects and works.</summary>
public sealed record NbdClientOptions
{
    /// <summary>
    /// The metadata contexts to request, such as <c>base:allocation</c>, <c>qemu:dirty-bitmap:NAME</c> or <c>qemu:allocation-depth</c>.
    /// A query that ends in a colon (<c>base:</c>, <c>qemu:dirty-bitmap:</c>, <c>qemu:</c>) requests everything that the server lists under
    /// it. <see cref="NbdClient.MetaContexts"/> has the contexts that the server granted.
    /// </summary>
    public IReadOnlyList<string> MetaContexts { get; init; } = [];

    /// <summary>
    /// Connections to open, 1 to 16. The client opens only one unless the export has <see cref="NbdTransmissionFlags.CanMultiConn"/>.
    /// Default 1.
    /// </summary>
    public int Connections { get; init; } = 1;

    /// <summary>Limit of requests in flight on each connection, 1 to 1024; a further call waits. Default 64.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>
    /// Limit of one read or write request in bytes, 64 KiB to 32 MiB; the server's own limit applies too. Longer calls are split. Default
    /// 32 MiB.
    /// </summary>
    public int MaxRequestLength { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// Limit of extents that the client keeps of one block status answer for each context, 16 to 2^20; it requests the rest again.
    /// Default 32768 (512 KiB).
    /// </summary>
    public int MaxExtentsPerReply { get; init; } = 32768;

    /// <summary>Request structured replies. Without them there are no metadata contexts. Default true.</summary>
    public bool StructuredReplies { get; init; } = true;

    /// <summary>Request extended headers (QEMU 8.2 and later). Default true.</summary>
    public bool ExtendedHeaders { get; init; } = true;

    /// <summary>When to use TLS. Default: as the scheme of the URI says.</summary>
    public NbdTlsMode TlsMode { get; init; } = NbdTlsMode.FromUri;

    /// <summary>Certificates for TLS; null for the operating system's certificate authorities and no client certificate.</summary>
    public NbdTlsOptions? Tls { get; init; }

    /// <summary>
    /// The process id that the server at a unix socket must have; null for any. It protects against another process that replaces the
    /// socket. The kernel reports the id (<c>SO_PEERCRED</c>, Linux). Ignored over TCP.
    /// </summary>
    public int? ServerProcess { get; init; }

    /// <summary>Time limit for opening the socket. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Time limit for the handshakes of all connections together, including TLS; <see cref="Timeout.InfiniteTimeSpan"/> for none. Default
    /// 30 s.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Time limit for the answer to one request; <see cref="Timeout.InfiniteTimeSpan"/> for none. A request without an answer fails after
    /// this time and closes the connection after twice this time. Default 2 minutes.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The logger factory. Default: no log.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock of all time limits.</summary>
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
            if (context.IndexOf(':', StringComparison.Ordinal) < 1 || Encoding.UTF8.GetByteCount(context) > NbdConstants.MaxString)
                throw new ArgumentException($"\"{context}\" is not a metadata context: expected NAMESPACE:NAME.", nameof(MetaContexts));
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

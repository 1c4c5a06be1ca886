using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>An export (QAPI <c>BlockExportInfo</c>, answer of <c>query-block-exports</c>, QEMU 5.2).</summary>
public sealed record BlockExportInfo
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>The kind of export.</summary>
    [JsonPropertyName("type")]
    public required BlockExportType Type { get; init; }

    /// <summary>The node that is exported.</summary>
    [JsonPropertyName("node-name")]
    public required string NodeName { get; init; }

    /// <summary>Whether the export is being removed.</summary>
    [JsonPropertyName("shutting-down")]
    public bool ShuttingDown { get; init; }
}

/// <summary>A kind of export (QAPI <c>BlockExportType</c>, QEMU 5.2). Other versions of QEMU may know other values.</summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockExportType>))]
public readonly record struct BlockExportType(string Value) : IQapiString<BlockExportType>
{
    /// <summary><c>nbd</c>: NBD.</summary>
    public static BlockExportType Nbd { get; } = new("nbd");

    /// <summary><c>vhost-user-blk</c>: vhost-user-blk.</summary>
    public static BlockExportType VhostUserBlk { get; } = new("vhost-user-blk");

    /// <summary><c>fuse</c>: a file through FUSE (QEMU 6.0).</summary>
    public static BlockExportType Fuse { get; } = new("fuse");

    /// <summary><c>vduse-blk</c>: vduse-blk (QEMU 7.1).</summary>
    public static BlockExportType VduseBlk { get; } = new("vduse-blk");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockExportType IQapiString<BlockExportType>.FromString(string value) => new(value);
}

/// <summary>The arguments of <c>block-export-del</c> (QEMU 5.2).</summary>
public sealed record BlockExportDelArguments
{
    /// <summary>The id of the export.</summary>
    [JsonPropertyName("id")]
    public required string Id { get; init; }

    /// <summary>How to treat connected clients; default safe.</summary>
    [JsonPropertyName("mode")]
    public BlockExportRemoveMode? Mode { get; init; }
}

/// <summary>
/// How connected clients are treated when an export is removed (QAPI <c>BlockExportRemoveMode</c>, QEMU 5.2). Other versions of QEMU
/// may know other values.
/// </summary>
/// <param name="Value">The value as sent.</param>
[JsonConverter(typeof(QapiStringConverter<BlockExportRemoveMode>))]
public readonly record struct BlockExportRemoveMode(string Value) : IQapiString<BlockExportRemoveMode>
{
    /// <summary><c>safe</c>: the command fails while clients are connected.</summary>
    public static BlockExportRemoveMode Safe { get; } = new("safe");

    /// <summary><c>hard</c>: clients are disconnected.</summary>
    public static BlockExportRemoveMode Hard { get; } = new("hard");

    /// <summary>The value as sent.</summary>
    /// <returns>The value as sent.</returns>
    public override string ToString() => Value ?? string.Empty;

    static BlockExportRemoveMode IQapiString<BlockExportRemoveMode>.FromString(string value) => new(value);
}

/// <summary>The arguments of <c>nbd-server-start</c> (QEMU 1.3).</summary>
public sealed record NbdServerStartArguments
{
    /// <summary>The address to listen on.</summary>
    [JsonPropertyName("addr")]
    public required SocketAddressLegacy Address { get; init; }

    /// <summary>The id of the TLS credentials; null for no TLS (QEMU 2.6).</summary>
    [JsonPropertyName("tls-creds")]
    public string? TlsCreds { get; init; }

    /// <summary>The id of the authorization object that decides which clients may connect; null for all clients (QEMU 4.0).</summary>
    [JsonPropertyName("tls-authz")]
    public string? TlsAuthz { get; init; }

    /// <summary>The maximum number of clients; 0 for no limit (QEMU 5.2). The default depends on the version.</summary>
    [JsonPropertyName("max-connections")]
    public long? MaxConnections { get; init; }

    /// <summary>How long a client may take to negotiate; 0 for no limit (QEMU 10.0).</summary>
    [JsonPropertyName("handshake-max-seconds")]
    public long? HandshakeMaxSeconds { get; init; }
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A TCP address (QAPI <c>InetSocketAddress</c>, QEMU 1.3).</summary>
public sealed record InetSocketAddress
{
    /// <summary>The host name or address.</summary>
    [JsonPropertyName("host")]
    public required string Host { get; init; }

    /// <summary>The port, as a string; 0 for any free one where the address is to be listened on.</summary>
    [JsonPropertyName("port")]
    public required string Port { get; init; }

    /// <summary>Whether host and port are numbers, so that nothing is looked up (QEMU 2.9).</summary>
    [JsonPropertyName("numeric")]
    public bool? Numeric { get; init; }

    /// <summary>Listen on the first free port from the port up to this one.</summary>
    [JsonPropertyName("to")]
    public int? To { get; init; }

    /// <summary>Whether IPv4 may be used.</summary>
    [JsonPropertyName("ipv4")]
    public bool? IPv4 { get; init; }

    /// <summary>Whether IPv6 may be used.</summary>
    [JsonPropertyName("ipv6")]
    public bool? IPv6 { get; init; }

    /// <summary>Whether to send keep-alives (QEMU 4.2); for the side that connects only.</summary>
    [JsonPropertyName("keep-alive")]
    public bool? KeepAlive { get; init; }

    /// <summary>Whether to use Multipath TCP (QEMU 6.1).</summary>
    [JsonPropertyName("mptcp")]
    public bool? Mptcp { get; init; }
}

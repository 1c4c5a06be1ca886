using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>qmp_capabilities</c> (QEMU 0.13).</summary>
public sealed record QmpCapabilitiesArguments
{
    /// <summary>The capabilities to enable, such as <c>oob</c> (QEMU 2.12).</summary>
    [JsonPropertyName("enable")]
    public IReadOnlyList<string>? Enable { get; init; }
}

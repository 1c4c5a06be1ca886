using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A PCI address in the guest (QGA <c>GuestPCIAddress</c>, QEMU 2.2).</summary>
public sealed record GuestPCIAddress
{
    /// <summary>The domain.</summary>
    [JsonPropertyName("domain")]
    public long Domain { get; init; }

    /// <summary>The bus.</summary>
    [JsonPropertyName("bus")]
    public long Bus { get; init; }

    /// <summary>The slot.</summary>
    [JsonPropertyName("slot")]
    public long Slot { get; init; }

    /// <summary>The function.</summary>
    [JsonPropertyName("function")]
    public long Function { get; init; }
}

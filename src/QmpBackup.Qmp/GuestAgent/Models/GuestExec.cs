using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>A program that was started in the guest (QGA <c>GuestExec</c>, answer of <c>guest-exec</c>, QEMU 2.5).</summary>
public sealed record GuestExec
{
    /// <summary>Its process id in the guest: what <c>guest-exec-status</c> asks by.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

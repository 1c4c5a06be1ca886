using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-exec-status</c> (QEMU 2.5).</summary>
public sealed record GuestExecStatusArguments
{
    /// <summary>The process id that <c>guest-exec</c> answered.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>What became of a program in the guest (QGA <c>GuestExecStatus</c>, answer of <c>guest-exec-status</c>, QEMU 2.5).</summary>
public sealed record GuestExecStatus
{
    /// <summary>Whether it has ended. Once this was said the agent forgets the program.</summary>
    [JsonPropertyName("exited")]
    public required bool Exited { get; init; }

    /// <summary>Its exit code, when it ended by itself.</summary>
    [JsonPropertyName("exitcode")]
    public long? ExitCode { get; init; }

    /// <summary>The signal that ended it, or the exception on Windows.</summary>
    [JsonPropertyName("signal")]
    public long? Signal { get; init; }

    /// <summary>What it wrote to its standard output, when that was captured and it has ended.</summary>
    [JsonPropertyName("out-data")]
    public ReadOnlyMemory<byte>? OutData { get; init; }

    /// <summary>What it wrote to its standard error, when that was captured and it has ended.</summary>
    [JsonPropertyName("err-data")]
    public ReadOnlyMemory<byte>? ErrData { get; init; }

    /// <summary>Whether the output was cut off, for it was too large.</summary>
    [JsonPropertyName("out-truncated")]
    public bool? OutTruncated { get; init; }

    /// <summary>Whether the standard error was cut off, for it was too large.</summary>
    [JsonPropertyName("err-truncated")]
    public bool? ErrTruncated { get; init; }
}

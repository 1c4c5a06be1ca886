using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-exec</c> (QEMU 2.5).</summary>
public sealed record GuestExecArguments
{
    /// <summary>The program in the guest: a path, or a name to search in the path of the agent.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Its arguments; null for none.</summary>
    [JsonPropertyName("arg")]
    public IReadOnlyList<string>? Arg { get; init; }

    /// <summary>Its environment as <c>NAME=value</c>; null for the environment of the agent.</summary>
    [JsonPropertyName("env")]
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>The data for its standard input; null for none.</summary>
    [JsonPropertyName("input-data")]
    public ReadOnlyMemory<byte>? InputData { get; init; }

    /// <summary>Whether the agent captures the output for <c>guest-exec-status</c>; default false.</summary>
    [JsonPropertyName("capture-output")]
    public bool? CaptureOutput { get; init; }
}

/// <summary>A program that was started in the guest (QGA <c>GuestExec</c>, answer of <c>guest-exec</c>, QEMU 2.5).</summary>
public sealed record GuestExec
{
    /// <summary>The process id in the guest, for <c>guest-exec-status</c>.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

/// <summary>The arguments of <c>guest-exec-status</c> (QEMU 2.5).</summary>
public sealed record GuestExecStatusArguments
{
    /// <summary>The process id from <c>guest-exec</c>.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

/// <summary>The status of a program in the guest (QGA <c>GuestExecStatus</c>, answer of <c>guest-exec-status</c>, QEMU 2.5).</summary>
public sealed record GuestExecStatus
{
    /// <summary>Whether it has ended. The agent reports that once, and then forgets the program.</summary>
    [JsonPropertyName("exited")]
    public required bool Exited { get; init; }

    /// <summary>The exit code, when it exited by itself.</summary>
    [JsonPropertyName("exitcode")]
    public long? ExitCode { get; init; }

    /// <summary>The signal that ended it, or the exception on Windows.</summary>
    [JsonPropertyName("signal")]
    public long? Signal { get; init; }

    /// <summary>The standard output, when it was captured and the program has ended.</summary>
    [JsonPropertyName("out-data")]
    public ReadOnlyMemory<byte>? OutData { get; init; }

    /// <summary>The standard error, when it was captured and the program has ended.</summary>
    [JsonPropertyName("err-data")]
    public ReadOnlyMemory<byte>? ErrData { get; init; }

    /// <summary>Whether the output was too large and was cut off.</summary>
    [JsonPropertyName("out-truncated")]
    public bool? OutTruncated { get; init; }

    /// <summary>Whether the standard error was too large and was cut off.</summary>
    [JsonPropertyName("err-truncated")]
    public bool? ErrTruncated { get; init; }
}

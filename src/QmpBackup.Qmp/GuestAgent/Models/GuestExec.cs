using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>guest-exec</c> (QEMU 2.5).</summary>
public sealed record GuestExecArguments
{
    /// <summary>The program in the guest: a path, or a name that is looked for.</summary>
    [JsonPropertyName("path")]
    public required string Path { get; init; }

    /// <summary>Its arguments; null for none.</summary>
    [JsonPropertyName("arg")]
    public IReadOnlyList<string>? Arg { get; init; }

    /// <summary>Its environment as <c>NAME=value</c>; null for the agent's own.</summary>
    [JsonPropertyName("env")]
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>What it reads from its standard input; null for nothing.</summary>
    [JsonPropertyName("input-data")]
    public ReadOnlyMemory<byte>? InputData { get; init; }

    /// <summary>Whether the agent keeps its output for <c>guest-exec-status</c>. False.</summary>
    [JsonPropertyName("capture-output")]
    public bool? CaptureOutput { get; init; }
}

/// <summary>A program that was started in the guest (QGA <c>GuestExec</c>, answer of <c>guest-exec</c>, QEMU 2.5).</summary>
public sealed record GuestExec
{
    /// <summary>Its process id in the guest: what <c>guest-exec-status</c> asks by.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

/// <summary>The arguments of <c>guest-exec-status</c> (QEMU 2.5).</summary>
public sealed record GuestExecStatusArguments
{
    /// <summary>The process id that <c>guest-exec</c> answered.</summary>
    [JsonPropertyName("pid")]
    public required long Pid { get; init; }
}

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

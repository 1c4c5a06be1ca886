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

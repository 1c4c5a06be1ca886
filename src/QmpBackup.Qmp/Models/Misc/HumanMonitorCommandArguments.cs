using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>human-monitor-command</c> (QEMU 0.14).</summary>
public sealed record HumanMonitorCommandArguments
{
    /// <summary>The line, as a person would type it.</summary>
    [JsonPropertyName("command-line")]
    public required string CommandLine { get; init; }

    /// <summary>The processor that the line is about; null for the first.</summary>
    [JsonPropertyName("cpu-index")]
    public long? CpuIndex { get; init; }

    /// <summary>The arguments with secrets left out.</summary>
    /// <returns>The arguments with secrets left out.</returns>
    public override string ToString() => MiscCommands.HumanMonitorCommand.With(this).ToString();
}

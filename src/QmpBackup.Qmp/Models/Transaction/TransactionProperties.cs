using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>Properties of a transaction (QAPI <c>TransactionProperties</c>, QEMU 2.5).</summary>
public sealed record TransactionProperties
{
    /// <summary>How the jobs stand together; default individual.</summary>
    [JsonPropertyName("completion-mode")]
    public ActionCompletionMode? CompletionMode { get; init; }
}

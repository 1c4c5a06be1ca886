using System.Text.Json.Serialization;

namespace QmpBackup.Qmp;

/// <summary>The arguments of <c>transaction</c> (QEMU 1.1): all actions are carried out, at one point in time, or none is.</summary>
public sealed record TransactionArguments
{
    /// <summary>The actions, carried out in this order.</summary>
    [JsonPropertyName("actions")]
    public required IReadOnlyList<TransactionAction> Actions { get; init; }

    /// <summary>How the jobs stand together.</summary>
    [JsonPropertyName("properties")]
    public TransactionProperties? Properties { get; init; }
}

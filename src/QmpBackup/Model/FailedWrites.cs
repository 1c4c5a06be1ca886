using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Qmp;

namespace QmpBackup.Model;

/// <summary>How many of the guest's writes have failed so far, by the node that its device stands on. QEMU counts them for as long as it runs.</summary>
internal static class FailedWrites
{
    // A discard or a zone append goes through a backup's filter as a write does. A write that stops the VM is not counted: it is tried again.
    private static readonly string[] Counters = ["failed_wr_operations", "failed_unmap_operations", "failed_zone_append_operations"];

    /// <summary>Asks QEMU.</summary>
    /// <param name="client">The connection.</param>
    /// <param name="cancellationToken">Stops the asking.</param>
    /// <returns>The counts; empty where there are no guest devices, as in a storage daemon.</returns>
    public static async Task<ImmutableDictionary<string, long>> ReadAsync(IQmpClient client, CancellationToken cancellationToken)
    {
        var counts = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        var answer = await client.ExecuteAsync(QmpRequest.Raw("query-blockstats"), cancellationToken).ConfigureAwait(false);
        if (answer.ValueKind != JsonValueKind.Array)
            return counts.ToImmutable();
        foreach (var device in answer.EnumerateArray())
        {
            if (device.ValueKind == JsonValueKind.Object && device.TryGetProperty("node-name", out var node) && node.ValueKind == JsonValueKind.String
                && device.TryGetProperty("stats", out var stats) && stats.ValueKind == JsonValueKind.Object)
            {
                counts[node.GetString()!] = Counters.Sum(name => stats.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                    && value.TryGetInt64(out var count) ? count : 0);
            }
        }

        return counts.ToImmutable();
    }
}

using System.Text.Json;

namespace QmpBackup.Testing;

/// <summary>
/// What a backup could leave behind in QEMU, as lines that are easy to compare and print. Names that QEMU generates are replaced by
/// what they name.
/// </summary>
public sealed record QmpState
{
    /// <summary>"a qcow2 rw", by name.</summary>
    public required IReadOnlyList<string> Nodes { get; init; }

    /// <summary>
    /// "a/b0 recording persistent count=65536 granularity=65536", by node and name; anonymous ones too, but not <see cref="Twins"/>.
    /// </summary>
    public required IReadOnlyList<string> Bitmaps { get; init; }

    /// <summary>The same of the twins that our bitmaps are compared with.</summary>
    public required IReadOnlyList<string> Twins { get; init; }

    /// <summary>"job0 backup running".</summary>
    public required IReadOnlyList<string> Jobs { get; init; }

    /// <summary>"exp0 nbd node".</summary>
    public required IReadOnlyList<string> Exports { get; init; }

    /// <summary>User-made objects, "name type".</summary>
    public required IReadOnlyList<string> Objects { get; init; }

    /// <summary>"/machine/peripheral/vd-a/virtio-backend: a": what each guest device uses.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>"running", "io-error" …; null in a storage daemon.</summary>
    public required string? Status { get; init; }

    /// <summary>Whether an NBD server runs.</summary>
    public required bool NbdServerRuns { get; init; }

    /// <summary>The same state without the counts of dirty bytes, for times when the guest writes on.</summary>
    public QmpState WithoutCounts() => this with
    {
        Bitmaps = [.. Bitmaps.Select(WithoutCount)],
        Twins = [.. Twins.Select(WithoutCount)],
    };

    /// <summary>Asks QEMU. The probe for an NBD server starts one at <paramref name="probePath"/> for a moment where none runs.</summary>
    public static async Task<QmpState> CaptureAsync(QmpMonitor monitor, string probePath, CancellationToken cancellationToken = default)
    {
        // QEMU before 8.0 can crash when it is asked about its nodes while it makes an image.
        while ((await monitor.ExecuteAsync("query-jobs", null, cancellationToken)).EnumerateArray().Any(job => Text(job, "type") == "create" && Text(job, "status") != "concluded"))
        {
        }

        var nodes = (await monitor.ExecuteAsync("query-named-block-nodes", """{"flat":true}""", cancellationToken)).EnumerateArray().ToList();
        var jobs = (await monitor.ExecuteAsync("query-jobs", null, cancellationToken)).EnumerateArray();
        var exports = (await monitor.ExecuteAsync("query-block-exports", null, cancellationToken)).EnumerateArray();
        var objects = await ObjectsAsync(monitor, cancellationToken);
        var blocks = (await monitor.ExecuteAsync("query-block", null, cancellationToken)).EnumerateArray();
        var names = nodes.ToDictionary(node => Text(node, "node-name"), NodeName);
        return new QmpState
        {
            Nodes = Sorted(nodes.Select(node => $"{NodeName(node)} {Text(node, "drv")} {(node.GetProperty("ro").GetBoolean() ? "ro" : "rw")}")),
            Bitmaps = Sorted(nodes.SelectMany(BitmapLines).Where(line => !IsTwin(line))),
            Twins = Sorted(nodes.SelectMany(BitmapLines).Where(IsTwin)),
            Jobs = Sorted(jobs.Select(job => $"{Text(job, "id")} {Text(job, "type")} {Text(job, "status")}")),
            Exports = Sorted(exports.Select(one => $"{Text(one, "id")} {Text(one, "type")} {Text(one, "node-name")}")),
            Objects = Sorted(objects.Where(one => Text(one, "type").StartsWith("child<", StringComparison.Ordinal)).Select(one => $"{Text(one, "name")} {Text(one, "type")}")),
            Devices = Sorted(blocks.Where(block => block.TryGetProperty("qdev", out _)).Select(block => $"{Text(block, "qdev")}: {Inserted(block, names)}")),
            Status = await StatusAsync(monitor, cancellationToken),
            NbdServerRuns = await NbdServerRunsAsync(monitor, probePath, cancellationToken),
        };
    }

    /// <summary>Whether an NBD server runs; no query command shows it.</summary>
    public static async Task<bool> NbdServerRunsAsync(QmpMonitor monitor, string probePath, CancellationToken cancellationToken = default)
    {
        try
        {
            await monitor.ExecuteAsync(
                "nbd-server-start", $$$"""{"addr":{"type":"unix","data":{"path":{{{QmpMonitor.Quote(probePath)}}} } } }""", cancellationToken);
        }
        catch (QmpMonitorException)
        {
            return true;
        }

        await monitor.ExecuteAsync("nbd-server-stop", null, cancellationToken);
        return false;
    }

    private static async Task<string?> StatusAsync(QmpMonitor monitor, CancellationToken cancellationToken)
    {
        try
        {
            return Text(await monitor.ExecuteAsync("query-status", null, cancellationToken), "status");
        }
        catch (QmpMonitorException error) when (error.ErrorClass == "CommandNotFound")
        {
            return null;
        }
    }

    private static async Task<IReadOnlyList<JsonElement>> ObjectsAsync(QmpMonitor monitor, CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await monitor.ExecuteAsync("qom-list", """{"path":"/objects"}""", cancellationToken)).EnumerateArray()];
        }
        catch (QmpMonitorException error) when (error.ErrorClass == "DeviceNotFound")
        {
            // A storage daemon has no such folder before the first object.
            return [];
        }
    }

    private static string Inserted(JsonElement block, Dictionary<string, string> names) =>
        block.TryGetProperty("inserted", out var inserted) && names.TryGetValue(Text(inserted, "node-name"), out var name) ? name : "(none)";

    private static string NodeName(JsonElement node)
    {
        var name = Text(node, "node-name");
        return name is ['#', ..] or "" ? $"(generated {Text(node, "drv")} {Text(node, "file")})" : name;
    }

    private static IEnumerable<string> BitmapLines(JsonElement node)
    {
        if (!node.TryGetProperty("dirty-bitmaps", out var bitmaps))
            yield break;
        foreach (var bitmap in bitmaps.EnumerateArray())
        {
            var name = bitmap.TryGetProperty("name", out var given) ? given.GetString() : "(anonymous)";
            var words = new List<string> { $"{NodeName(node)}/{name}" };
            words.Add(bitmap.GetProperty("recording").GetBoolean() ? "recording" : "disabled");
            foreach (var flag in new[] { "persistent", "busy", "inconsistent" })
            {
                if (bitmap.TryGetProperty(flag, out var set) && set.GetBoolean())
                    words.Add(flag);
            }

            words.Add($"count={bitmap.GetProperty("count").GetInt64()}");
            words.Add($"granularity={bitmap.GetProperty("granularity").GetInt64()}");
            yield return string.Join(' ', words);
        }
    }

    private static string WithoutCount(string line) => string.Join(' ', line.Split(' ').Where(word => !word.StartsWith("count=", StringComparison.Ordinal)));

    private static bool IsTwin(string line) => line.Contains(".twin.on-", StringComparison.Ordinal);

    private static string Text(JsonElement element, string member) =>
        element.TryGetProperty(member, out var value) ? value.GetString() ?? "" : "";

    private static List<string> Sorted(IEnumerable<string> lines) => [.. lines.Order(StringComparer.Ordinal)];
}

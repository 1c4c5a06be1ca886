using System.Globalization;

namespace QmpBackup.Benchmarks;

/// <summary>The table of docs/performance.md. With table=FILE each benchmark puts its rows there; a row of the same name is replaced.</summary>
internal static class ResultTable
{
    private const string Head = "| Measure | qbackup | Against | Ratio | Measured |";

    /// <summary>Puts a row.</summary>
    /// <param name="arguments">The benchmark's.</param>
    /// <param name="name">What was measured.</param>
    /// <param name="own">The result.</param>
    /// <param name="other">What it is compared with, and its result; empty where it is compared with nothing.</param>
    /// <param name="ratio">The one divided by the other; empty where there is no other.</param>
    internal static void Put(Arguments arguments, string name, string own, string other = "", string ratio = "")
    {
        if (arguments.Text("table", "") is not { Length: > 0 } path)
            return;
        var date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var row = $"| {name} | {own} | {other} | {ratio} | {date} |";
        var lines = File.Exists(path) ? File.ReadAllLines(path).ToList() : [];
        if (!lines.Contains(Head))
            lines.AddRange([Head, "|---|---|---|---|---|"]);
        var at = lines.FindIndex(l => l.StartsWith($"| {name} |", StringComparison.Ordinal));
        if (at >= 0)
            lines[at] = row;
        else
            lines.Insert(lines.FindLastIndex(l => l.StartsWith('|')) + 1, row);
        File.WriteAllLines(path, lines);
    }
}

using System.Globalization;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>What <c>run</c>, <c>pull</c> and <c>list</c> show about points.</summary>
internal static class PointText
{
    public static void WriteTaken(TextDocument text, RepositoryChain chain, RepositoryPoint point)
    {
        text.Write("Point ").Write(point.Id.Value, Style.Heading).Line($" of {point.Vm} is complete.");
        var table = new TextTable(new("DISK"), new("LEVEL"), new("SIZE", true), new("READ", true), new("ZERO", true), new("SECONDS", true),
            new("FILE"));
        foreach (var disk in point.Disks)
        {
            table.Add(disk.Reason, disk.Name, Contract.Word(disk.Level), Humane.Size(disk.Size), Humane.Size(disk.BytesRead),
                Humane.Size(disk.BytesZero),
                disk.Seconds.ToString("0.0", CultureInfo.InvariantCulture), chain.RelativePath(point, disk));
        }

        table.WriteTo(text);
    }

    public static void WriteList(TextDocument text, IReadOnlyList<ChainContents> chains)
    {
        if (chains.Count == 0)
            text.Line("The repository is empty: no backup has been stored in it yet.");
        for (var i = 0; i < chains.Count; i++)
        {
            if (i > 0)
                text.Line();
            WriteChain(text, chains[i]);
        }
    }

    private static void WriteChain(TextDocument text, ChainContents contents)
    {
        text.Write(contents.Chain.Vm, Style.Heading).Write($", chain {contents.Chain.Chain}");
        text.Line(contents.Points.IsEmpty ? ""
            : $": {Humane.Count(contents.Points.Length, "point")}, {Humane.Size(contents.Points.Sum(StoredOf))}{SignedOf(contents)}");
        // Fits a terminal of 80 columns.
        var table = new TextTable(new("POINT"), new("TAKEN (UTC)"), new("LEVEL"), new("DISKS", true), new("STORED", true));
        var anySigned = contents.Points.Any(p => p.Signature is not null);
        for (var i = 0; i < contents.Points.Length; i++)
        {
            var (point, next) = (contents.Points[i], i + 1 < contents.Points.Length ? contents.Points[i + 1] : null);
            var before = i > 0 ? contents.Points[i - 1] : null;
            var branch = point.Parent is { } parent && parent != before?.Id ? $"built on {parent}" : null;
            if (anySigned && point.Signature is null)
                branch = branch is null ? "not signed" : branch + ", not signed";
            var faults = point.Disks.Select(d => (Disk: d, Fault: contents.Glance(point, d))).Where(f => f.Fault is not null)
                .GroupBy(f => f.Fault!);
            var note = string.Join("; ",
                faults.Select(g => FaultText(point, [.. g.Select(f => f.Disk)], g.Key)).Prepend(branch).OfType<string>());
            // The line goes on downwards as long as each point is built on the one above it.
            var line = point.Parent is null ? next?.Parent == point.Id ? "┌ " : "─ " : next?.Parent == point.Id ? "├ " : "└ ";
            table.Add(note.Length == 0 ? null : note, line + point.Id,
                point.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), LevelOf(point),
                point.Disks.Length.ToString(CultureInfo.InvariantCulture), Humane.Size(StoredOf(point)));
        }

        if (contents.Points.IsEmpty)
            text.Line("  No point yet.");
        else
            table.WriteTo(text);
        foreach (var broken in contents.Broken)
            text.Prose($"{broken.Id} is damaged: {broken.Problem}.", 2, Style.Bad);
        foreach (var id in contents.Incomplete)
            text.Prose($"{id} is being taken, or was cut off. The next run removes it.", 2, Style.Faint);
    }

    private static string FaultText(RepositoryPoint point, IReadOnlyList<PointDisk> disks, DiskFault fault)
    {
        var what = disks.Count == point.Disks.Length ? "" : $"disk {string.Join(", ", disks.Select(d => d.Name))} ";
        return fault.IsUnread ? $"{what}cannot be read: {fault.Problem}"
            : fault.Point == point.Id ? $"{what}{(fault.IsUntrusted ? "cannot be trusted" : "is damaged")}: {fault.Problem}"
            : $"{what}cannot be restored: point {fault.Point}, which it is built on: {fault.Problem}";
    }

    // Only a verification knows whether a signature is right.
    private static string SignedOf(ChainContents contents) => contents.Points.Count(p => p.Signature is not null) switch
    {
        0 => "",
        var signed when signed == contents.Points.Length => "; signed",
        var signed => $"; {signed} signed",
    };

    private static long StoredOf(RepositoryPoint point) => point.Disks.Sum(d => d.FileSize);

    private static string LevelOf(RepositoryPoint point)
    {
        var levels = point.Disks.Select(d => Contract.Word(d.Level)).Distinct().ToList();
        return levels.Count == 1 ? levels[0] : "mixed";
    }
}

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
                faults.Select(g => FaultText(point, [.. g.Select(f => f.Disk)], g.Key))
                    .Prepend(contents.IsPinned(point.Id) ? "pinned" : null).Prepend(branch).OfType<string>());
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
        foreach (var id in contents.Unfinished)
            text.Prose($"The removal of {id} was interrupted. The next prune or verify completes it.", 2, Style.Faint);
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

/// <summary>What <c>verify</c> and <c>restore</c> show to people.</summary>
internal static class VerifyText
{
    /// <summary>Shows the results of a verification.</summary>
    /// <param name="text">The document.</param>
    /// <param name="results">One for each disk of each point.</param>
    /// <param name="isChecked">Whether signatures were checked.</param>
    public static void Write(TextDocument text, IReadOnlyList<VerifyResult> results, bool isChecked)
    {
        var wrong = results.Where(r => !r.IsSound).ToList();
        foreach (var result in wrong)
        {
            var what = result.Disk is { } disk ? $"disk {disk} of point {result.Point}" : $"point {result.Point}";
            var verdict = result.Fault!.IsUnread ? "unread  " : result.Fault.IsUntrusted ? "untrusted " : "damaged ";
            text.Write(verdict, Style.Bad).Line($"{result.Vm}, chain {result.Chain}: {what}");
            text.Prose(result.Fault.Point == result.Point ? result.Fault.Problem
                : $"it is built on point {result.Fault.Point}: {result.Fault.Problem}", 8);
        }

        var points = results.Select(r => (r.Vm, r.Chain, r.Point)).Distinct().Count();
        var (disks, of) = (Humane.Count(results.Count, "disk"), Humane.Count(points, "point"));
        if (wrong.Count == 0)
            text.Write("sound ", Style.Good).Line($"{of}, {disks}.");
        else if (wrong.All(r => r.Fault!.IsUnread))
            text.Line($"{wrong.Count} of {disks} in {of} could not be read: nothing is known of them.");
        else if (wrong.All(r => r.Fault!.IsUntrusted))
            text.Line($"{wrong.Count} of {disks} in {of} cannot be trusted. Nothing is known of what they hold.");
        else
            text.Line($"{wrong.Count} of {disks} in {of} cannot be restored as they were.");
        WriteSignatures(text, results, isChecked);
    }

    /// <summary>Shows what was restored.</summary>
    public static void WriteRestored(TextDocument text, IEnumerable<RestoredDisk> restored)
    {
        foreach (var one in restored)
        {
            text.Write("restored ", Style.Good)
                .Line($"{one.Disk} of {one.Point}, {Humane.Size(one.Size)}, every block verified: {one.Target}");
        }
    }

    private static void WriteSignatures(TextDocument text, IReadOnlyList<VerifyResult> results, bool isChecked)
    {
        var points = results.Where(r => r.Disk is not null).Select(r => (r.Vm, r.Chain, r.Point, r.Signature)).Distinct().ToList();
        var unsigned = points.Where(p => p.Signature == SignatureState.None).ToList();
        if (points.Count == 0 || (!isChecked && unsigned.Count == points.Count))
            return;
        var (signed, valid) = (points.Count - unsigned.Count, points.Count(p => p.Signature == SignatureState.Valid));
        text.Line(isChecked
            ? $"{Humane.Count(valid, "point")} of {points.Count} signed with this key."
            : $"Signatures were not checked: no key was given with --sign-key. {Humane.Count(signed, "point")} of {points.Count} have "
                + "one.");
        foreach (var (vm, chain, point, _) in unsigned)
            text.Line($"not signed: {vm}, chain {chain}: point {point}");
    }
}

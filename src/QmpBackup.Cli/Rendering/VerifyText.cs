using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

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

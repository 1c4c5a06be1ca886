namespace QmpBackup.Planning;

/// <summary>
/// Asks the planner of start what it would do, disk by disk: what prevents the backup of one disk hides nothing of the others.
/// </summary>
internal static class VmInspector
{
    /// <summary>Inspects a VM.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="request">The backup that is thought of, with its checkpoint.</param>
    /// <exception cref="BackupException">The request names a disk that does not exist.</exception>
    public static VmInspection Inspect(VmState state, StartRequest request)
    {
        var status = StatusReader.Read(state);
        var excluded = request.Exclude.Where(name => state.UnseenDisks.All(d => d.Name != name))
            .Select(name => DiskSelection.Find(state, name)).ToHashSet();
        var named = request.Disks.Select(name => DiskSelection.Find(state, name)).ToHashSet();
        var disks = state.Disks.Select(disk => WhyLeftOut(disk, named, excluded) is { } reason
            ? new DiskInspection(disk, IsIncluded: false, reason) : Choose(state, status, request, disk));
        return new VmInspection(state, status, request.Chain, [.. disks])
        {
            Remarks =
            [
                .. state.UnseenDisks.Where(d => !request.Exclude.Contains(d.Name)).Select(d => d.Remark),
                .. state.Disks.Where(d => d.Encryption is not null && !excluded.Contains(d)).Select(DiskReadiness.Decrypted),
            ],
        };
    }

    private static string? WhyLeftOut(VmDisk disk, HashSet<VmDisk> named, HashSet<VmDisk> excluded) =>
        excluded.Contains(disk) ? "excluded"
        : named.Count > 0 && !named.Contains(disk) ? "not among the disks that were named"
        : disk.IsReadOnly ? "the guest cannot write it: there is nothing to back up while it runs"
        : disk.IsPassthrough
            ? "the guest's SCSI commands are passed through: they would fail while a backup is open, and no bitmap knows of them"
        : disk.IsCdRom && !named.Contains(disk) ? "it is a CD-ROM, which is taken only where it is named"
        : null;

    private static DiskInspection Choose(VmState state, VmStatus status, StartRequest request, VmDisk disk)
    {
        if (status.Session is { } session)
        {
            var taken = session.Disks.FirstOrDefault(d => d.Node == disk.Node.Name);
            var how = taken is null ? ", without this disk" : $" and has it as {taken.Level.ToString().ToLowerInvariant()}";
            return new DiskInspection(disk, IsIncluded: true,
                $"backup {session.Id} is open{how}: the next one can start once it is closed");
        }

        try
        {
            var choice = StartPlanner.Plan(state, request with { Disks = [disk.Node.Name], Exclude = [] }).Disks[0];
            return new DiskInspection(disk, IsIncluded: true, choice.Reason) { Level = choice.Level, Parent = choice.Parent };
        }
        catch (BackupException e)
        {
            return new DiskInspection(disk, IsIncluded: true, e.Message);
        }
    }
}

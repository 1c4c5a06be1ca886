using QmpBackup.Cli.Json;

namespace QmpBackup.Cli.Rendering;

/// <summary>
/// Puts together what <c>inspect</c> shows. It asks the very planner that start asks, disk by disk, so that what is in the way of one
/// hides nothing of the others.
/// </summary>
internal static class Inspection
{
    public static InspectDocument Of(VmState state, StartRequest request)
    {
        var status = StatusReader.Read(state);
        var excluded = request.Exclude.Where(name => state.UnseenDisks.All(d => d.Name != name))
            .Select(name => DiskLookup.Find(state, name)).ToList();
        var named = request.Disks.Select(name => DiskLookup.Find(state, name)).ToList();
        return new InspectDocument(
            new VmDto(state.Name, state.Uuid, state.Version.ToString(), state.RunState),
            status.Session?.Id,
            status.Interrupted?.Value,
            request.Chain.Value,
            [.. state.Disks.Select(disk => OfDisk(state, status, request, disk, named, excluded))])
        {
            Remarks =
            [
                .. state.UnseenDisks.Where(d => !request.Exclude.Contains(d.Name)).Select(d => d.Remark),
                .. state.Disks.Where(d => d.Encryption is not null && !excluded.Contains(d)).Select(DiskReadiness.Decrypted),
            ],
        };
    }

    private static InspectDiskDto OfDisk(VmState state, VmStatus status, StartRequest request, VmDisk disk, List<VmDisk> named,
        List<VmDisk> excluded)
    {
        var outside = excluded.Contains(disk) ? "excluded"
            : named.Count > 0 && !named.Contains(disk) ? "not among the disks that were named"
            : disk.IsReadOnly ? "the guest cannot write it: there is nothing to back up while it runs"
            : disk.IsPassthrough
            ? "the guest's SCSI commands are passed through: they would fail while a backup is open, and no bitmap knows of them"
            : disk.IsCdRom && !named.Contains(disk) ? "it is a CD-ROM, which is taken only where it is named"
            : null;
        var choice = outside is null ? Choose(state, status, request, disk) : (Level: null, Reason: outside, Parent: null);
        return new InspectDiskDto
        {
            Name = disk.Name,
            Node = disk.Node.Name,
            Device = disk.Device,
            Drive = disk.Drive,
            Size = disk.Size,
            Format = disk.Node.Driver,
            ReadOnly = disk.IsReadOnly,
            PersistentBitmaps = disk.CanPersistBitmaps,
            Included = outside is null,
            Level = choice.Level,
            Reason = choice.Reason,
            Parent = choice.Parent,
            Bitmaps = [.. disk.Bitmaps.Where(b => b.Name is not null).Select(Contract.Bitmap)],
        };
    }

    private static (string? Level, string Reason, string? Parent) Choose(VmState state, VmStatus status, StartRequest request, VmDisk disk)
    {
        if (status.Session is { } session)
        {
            var taken = session.Disks.FirstOrDefault(d => d.Node == disk.Node.Name);
            return (null, taken is null
                ? $"backup {session.Id} is open, without this disk: the next one can start once it is closed"
                : $"backup {session.Id} is open and has it as {Contract.Word(taken.Level)}: the next one can start once it is closed",
                null);
        }

        try
        {
            var choice = StartPlanner.Plan(state, request with { Disks = [disk.Node.Name], Exclude = [] }).Disks[0];
            return (Contract.Word(choice.Level), choice.Reason, choice.Parent?.Value);
        }
        catch (BackupException e)
        {
            return (null, e.Message, null);
        }
    }
}

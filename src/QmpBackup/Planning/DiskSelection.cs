using System.Collections.Immutable;
using QmpBackup.Observe;

namespace QmpBackup.Planning;

/// <summary>Picks the disks that a backup takes.</summary>
internal static class DiskSelection
{
    public static ImmutableArray<VmDisk> Pick(VmState state, ImmutableArray<string> wanted, ImmutableArray<string> excluded)
    {
        var named = wanted.Select(name => Find(state, name)).ToList();
        if (named.FirstOrDefault(d => d.IsReadOnly) is { } readOnly)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, $"Disk {readOnly.Name} cannot be written by the guest, so a backup of the running VM has nothing to do there.",
                "Leave it out, and copy its image with an ordinary copy if you need it.");
        }

        if (named.FirstOrDefault(d => d.IsPassthrough) is { } passthrough)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"Disk {passthrough.Name} passes the guest's SCSI commands through: they would fail while a backup is open, and no bitmap would know of them.",
                "Leave it out, or give it to the guest as scsi-hd.");
        }

        var without = excluded.Select(name => Find(state, name)).ToHashSet();
        var picked = (named.Count > 0 ? state.Disks.Where(named.Contains) : state.Disks.Where(d => !d.IsReadOnly && !d.IsPassthrough)).Where(d => !without.Contains(d)).ToImmutableArray();
        return picked.IsEmpty
            ? throw new BackupException(BackupErrorCode.InvalidArgument,
                state.Disks.IsEmpty ? "This VM has no disk." : "No disk is left to back up: all are read-only, passed through or excluded.", "'qbackup inspect' shows what the VM has.")
            : picked;
    }

    private static VmDisk Find(VmState state, string name)
    {
        var found = state.Disks.Where(d => d.Name == name).Concat(state.Disks.Where(d => d.IsCalled(name))).FirstOrDefault();
        return found ?? throw new BackupException(BackupErrorCode.InvalidArgument, $"This VM has no disk '{name}'.",
            state.Disks.IsEmpty ? "It has no disk at all." : $"It has: {string.Join(", ", state.Disks.Select(d => d.Name))}.");
    }
}

namespace QmpBackup.Cli.Rendering;

/// <summary>Finds what the user means by the name of a disk, as start does.</summary>
internal static class DiskLookup
{
    /// <exception cref="BackupException">There is no such disk.</exception>
    public static VmDisk Find(VmState state, string name) => TryFind(state, name) ?? throw NotFound(state, name);

    /// <summary>The disk of that name, else the one that is called so otherwise, else null.</summary>
    public static VmDisk? TryFind(VmState state, string name) =>
        state.Disks.FirstOrDefault(d => d.Name == name) ?? state.Disks.FirstOrDefault(d => d.IsCalled(name));

    public static BackupException NotFound(VmState state, string name) =>
        new(BackupErrorCode.InvalidArgument, $"This VM has no disk '{name}'.",
        state.Disks.IsEmpty ? "It has no disk at all." : $"It has: {string.Join(", ", state.Disks.Select(d => d.Name))}.");
}

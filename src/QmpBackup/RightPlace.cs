namespace QmpBackup;

/// <summary>Refuses to put a backup where it does not belong: into the chain of another VM, or into a folder that is empty because the repository is not mounted there.</summary>
internal static class RightPlace
{
    /// <summary>The VM's UUID; null where it has none, or one of all zeroes, which is QEMU's for none.</summary>
    public static string? UuidOf(VmState state) => state.Uuid is { Length: > 0 } uuid && uuid.AsSpan().ContainsAnyExcept('0', '-') ? uuid : null;

    /// <summary>Looks before anything is made: whether a chain is to be begun of which the VM has a checkpoint.</summary>
    /// <exception cref="BackupException">It is (<see cref="BackupErrorCode.Storage"/>).</exception>
    public static void RequireNotLost(VmState state, RepositoryChain chain, PullOptions options)
    {
        if (!Directory.Exists(chain.Folder))
            RequireNotLost(state, chain, isEmpty: true, options);
    }

    /// <summary>Looks at what a chain holds.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="contents">The chain.</param>
    /// <param name="options">What is allowed.</param>
    /// <exception cref="BackupException">
    /// It is another VM's (<see cref="BackupErrorCode.InvalidArgument"/>), or there is no point in it although the VM has a checkpoint (<see cref="BackupErrorCode.Storage"/>).
    /// </exception>
    public static void Require(VmState state, ChainContents contents, PullOptions options)
    {
        // Where either has no UUID, the name is all that there is to go by.
        if (!options.Adopt && UuidOf(state) is { } uuid && contents.Points.LastOrDefault(p => p.Uuid is not null) is { Uuid: { } other } newest
            && !string.Equals(uuid, other, StringComparison.OrdinalIgnoreCase))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"The repository's chain {contents.Chain.Chain} of {contents.Chain.Vm} is of another VM: its newest point {newest.Id} is of the VM with UUID {other}, and this one has {uuid}.",
                "Give this VM a name of its own in the repository with --vm. If it is the same VM with a new UUID, --adopt continues the chain.");
        }

        RequireNotLost(state, contents.Chain, contents.Points.IsEmpty && contents.Broken.IsEmpty, options);
    }

    private static void RequireNotLost(VmState state, RepositoryChain chain, bool isEmpty, PullOptions options)
    {
        if (!isEmpty || options.NewRepository)
            return;
        var checkpoint = state.Nodes.SelectMany(ChainOnDisk.AllOf).Where(b => b.Name.Chain == chain.Chain && !b.Name.IsOpen).Select(b => b.Checkpoint.Value).Max(StringComparer.Ordinal);
        if (checkpoint is null)
            return;
        throw new BackupException(BackupErrorCode.Storage,
            $"The VM has checkpoint {checkpoint} of chain {chain.Chain}, but {(Directory.Exists(chain.Repository.Path) ? $"the repository {chain.Repository.Path} holds no point of that chain of {chain.Vm}" : $"there is no repository {chain.Repository.Path}")}.",
            "See whether the repository's file system is mounted, and whether --repo, --vm and --chain are right. If the points are elsewhere on purpose, --new-repo begins anew.");
    }
}

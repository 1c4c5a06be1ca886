using QmpBackup.Model;
using QmpBackup.Nbd;

namespace QmpBackup;

/// <summary>
/// Refuses to put a backup where it does not belong: into the chain of another VM, or into a folder that is empty because the repository is
/// not mounted there.
/// </summary>
internal static class RightPlace
{
    /// <summary>The VM's UUID; null if it has none. QEMU shows zeroes for none.</summary>
    public static string? UuidOf(VmState state) =>
        state.Uuid is { Length: > 0 } uuid && uuid.AsSpan().ContainsAnyExcept('0', '-') ? uuid : null;

    /// <summary>Checks, before anything is made, that a new chain is not one of which the VM has a checkpoint.</summary>
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
    /// It is another VM's (<see cref="BackupErrorCode.InvalidArgument"/>), or there is no point in it although the VM has a checkpoint
    /// (<see cref="BackupErrorCode.Storage"/>).
    /// </exception>
    public static void Require(VmState state, ChainContents contents, PullOptions options)
    {
        // If either has no UUID, only the name can be compared.
        if (!options.Adopt && UuidOf(state) is { } uuid
            && contents.Points.LastOrDefault(p => p.Uuid is not null) is { Uuid: { } other } newest
            && !string.Equals(uuid, other, StringComparison.OrdinalIgnoreCase))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"The repository's chain {contents.Chain.Chain} of {contents.Chain.Vm} is of another VM: its newest point {newest.Id} is "
                    + $"of the VM with UUID {other}, and this one has {uuid}.",
                Advice.Of($"Give this VM a name of its own in the repository with {Feature.Vm}. If it is the same VM with a new UUID, "
                    + $"{Feature.Adopt} continues the chain."));
        }

        RequireNotLost(state, contents.Chain, contents.Points.IsEmpty && contents.Broken.IsEmpty, options);
    }

    private static void RequireNotLost(VmState state, RepositoryChain chain, bool isEmpty, PullOptions options)
    {
        if (!isEmpty || options.NewRepository)
            return;
        var checkpoint = state.Nodes.SelectMany(ChainOnDisk.AllOf)
            .Where(b => b.Name.Chain == chain.Chain && !b.Name.IsOpen)
            .Max(b => (CheckpointId?)b.Checkpoint);
        if (checkpoint is null)
            return;
        var path = chain.Repository.Path;
        var missing = Directory.Exists(path)
            ? $"the repository {path} holds no point of that chain of {chain.Vm}" : $"there is no repository {path}";
        throw new BackupException(BackupErrorCode.Storage,
            $"The VM has checkpoint {checkpoint} of chain {chain.Chain}, but {missing}.",
            Advice.Of($"Check whether the repository's file system is mounted, and whether {Feature.Repository}, {Feature.Vm} and "
                + $"{Feature.Chain} are right. If the points are in another place on purpose, {Feature.NewRepository} begins a new "
                + $"repository."));
    }
}

/// <summary>
/// Checks where an open backup is read from. Its note comes from QEMU, which may be hostile and name the NBD server of another VM: the
/// repository would then hold that VM's disk. So an address is trusted only if it is a socket with the names of this backup, or if the user
/// has given it.
/// </summary>
internal static class TrustedSource
{
    /// <summary>Refuses an address that cannot be trusted.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="session">The backup, as the note describes it.</param>
    /// <param name="options">What the user has given.</param>
    /// <exception cref="BackupException">
    /// The note contradicts the user, or names an address that cannot be verified (<see cref="BackupErrorCode.InvalidArgument"/>).
    /// </exception>
    public static void Require(VmState state, BackupSession session, PullOptions options)
    {
        if (options.NbdServer is { } named)
        {
            if (named == session.Nbd)
                return;
            throw new BackupException(
                BackupErrorCode.InvalidArgument, $"Backup {session.Id} is exported at {session.Nbd}, and not at {named}.",
                "Give the address that it was opened with.");
        }

        // The NBD client checks which process serves. That proves nothing if the QMP peer is not QEMU itself but forwards to one.
        if (state.Process is { IsQemu: true } && state.Note is { ScratchFolder: { } folder } note && session.Checkpoint == note.Checkpoint
            && session.Nbd == NbdEndpoint.Unix($"{folder}/{note.Names.Socket}"))
        {
            return;
        }

        // The address is from the daemon's own command line, and the NBD client checks which process serves.
        if (state is { Process.IsQemu: true, NbdServer.Address: { SocketPath: not null } server } && server == session.Nbd)
            return;
        throw new BackupException(BackupErrorCode.InvalidArgument,
            state.Process is { IsQemu: false }
                ? $"Backup {session.Id} says that it is exported at {session.Nbd}, and the process that answers at the VM's QMP socket "
                    + $"is not QEMU: the address could be another VM's."
                : $"Backup {session.Id} says that it is exported at {session.Nbd}. That is not a socket of its own on this host, and "
                    + $"what QEMU alone says is not trusted: the address could be another VM's.",
            Advice.Of($"If the backup was opened with this address, name it: {Feature.Nbd} {session.Nbd}."));
    }

    /// <summary>How to connect: only to the process that is backed up, and with TLS if there are certificates for it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="session">The backup.</param>
    /// <param name="options">How it is pulled.</param>
    /// <exception cref="BackupException">There are certificates for TLS, and the backup was opened without TLS.</exception>
    public static NbdClientOptions Connect(VmState state, BackupSession session, PullOptions options)
    {
        if (options.Nbd.Tls is not null && session.Disks.Any(d => d.Uri is not { RequiresTls: true }))
        {
            throw new BackupException(
                BackupErrorCode.InvalidArgument, $"Backup {session.Id} is exported without TLS, but certificates for TLS are given.",
                Advice.Of($"Open it with {Feature.TlsCreds}, or leave {Feature.TlsCertificates} out."));
        }

        return state.Process is { IsQemu: true, Pid: > 0 and var pid } && options.NbdServer is null
            ? options.Nbd with { ServerProcess = pid } : options.Nbd;
    }
}

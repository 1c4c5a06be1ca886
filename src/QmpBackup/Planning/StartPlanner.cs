using System.Collections.Immutable;
using System.Text;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>Plans the opening of a backup.</summary>
internal static class StartPlanner
{
    // sun_path holds 108 bytes, the closing zero among them.
    private const int MaxSocketPath = 107;

    // No schema tells it: 7.2 answers block status of what was saved from the disk as it is now, and its NBD server believes that instead
    // of reading. 10.0 was seen to be right; what lies between could not be tried.
    private static readonly Version SoundSnapshotAccess = new(10, 0);

    // Came into the stable branch with the fix of CVE-2024-7409: nbd_blockdev_client_closed asserts that it runs in the main loop.
    private static readonly (Version From, Version Before) UnsafeDisconnect = (new(7, 2, 14), new(7, 3));

    // The first in which it does. Distributions have put the same fix into older versions of theirs, and nothing tells of it.
    private static readonly Version SafeDisconnect = new(9, 0);

    /// <summary>Plans it.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="request">What to back up, with a checkpoint: a planner has no clock.</param>
    /// <exception cref="ArgumentException">The request names no checkpoint.</exception>
    /// <exception cref="BackupException">The backup cannot be planned; the message says why.</exception>
    public static BackupPlan Plan(VmState state, StartRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Checkpoint is null)
            throw new ArgumentException("The request names no checkpoint.", nameof(request));
        var found = OpenBackup.Find(state);
        RequirePossible(state, request, found);
        ImmutableArray<PlanStep> recovery =
            [.. AbortPlanner.RollBackBitmaps(found), .. LeftFolders.OfInterrupted(state, found), .. LeftFolders.Forgotten(state, found)];
        ImmutableArray<string> recovered =
        [
            .. found.IsInterrupted
                ? (string[])[$"Backup {found.Checkpoint} was interrupted by a restart of QEMU; it is rolled back first."] : [],
            .. LeftFolders.Remarks(state, found),
        ];
        if (found.IsInterrupted)
            state = Recovery.Predict(state, found);

        var missed = DiskSelection.Missed(state, request.Disks, request.Exclude);
        if (request.IsStrict)
            DiskSelection.RequireAll(missed);
        var choices = Choose(state, request);
        foreach (var choice in choices)
            DiskReadiness.Require(choice, request.Chain);
        RequireSafeDisconnect(state, request, choices);
        var note = MakeNote(state, request, choices, FindServer(state, request, found));
        var disks = choices.Select((choice, i) => new DiskSteps(state, request, choice, note, i)).ToImmutableArray();

        var commit = Commit(request, disks);
        ImmutableArray<PlanStep> steps =
        [
            .. recovery,
            .. Space(request, state, choices),
            Steps.PlaceNote("Note in QEMU that a backup is open. The id is unique, so a second start fails here.", note),
            .. note.SharesServer ? [] : FreePath(request, state),
            .. Folder(note, request, state),
            .. DiskSteps.Scratch(disks),
            .. note.SharesServer
                ? [] : (PlanStep[])[Steps.StartServer(note.Nbd, request.TlsCreds, note.MaxConnections), .. NoteServer(note, state)],
            .. PrepareFreeze(request, commit),
            .. Freeze(request),
            commit,
            .. Thaw(request),
            .. disks.SelectMany(d => d.Export()),
            .. RequireExport(note, state),
            new NoteStep("Note that the backup is open.", note with { Phase = SessionPhase.Open }),
        ];
        var incremental = choices.Count(c => c.Level == BackupLevel.Incremental);
        return new BackupPlan(PlanAction.Start,
            $"Open backup {request.Point} of {choices.Length} disk{(choices.Length == 1 ? "" : "s")}, {incremental} of them incremental.",
                steps)
        {
            Disks = choices,
            Note = note,
            Remarks =
            [
                .. recovered,
                .. missed,
                .. choices.Where(c => c.Disk.Encryption is not null).Select(c => DiskReadiness.Decrypted(c.Disk)),
            ],
        };
    }

    private static void RequireSafeDisconnect(VmState state, StartRequest request, ImmutableArray<DiskChoice> choices)
    {
        if (request.Force || state.Version >= SafeDisconnect)
            return;
        if (choices.FirstOrDefault(c => c.Disk.MayUseIoThread) is { } choice)
        {
            var isKnown = state.Version >= UnsafeDisconnect.From && state.Version < UnsafeDisconnect.Before;
            throw new BackupException(BackupErrorCode.CommandRefused,
                isKnown ? $"QEMU {state.Version} would crash: disk {choice.Disk.Name} is on an iothread, and this QEMU aborts when an "
                    + $"NBD reader of such a disk disconnects."
                : $"QEMU {state.Version} may crash: disk {choice.Disk.Name} is on an iothread, and a QEMU before {SafeDisconnect} that "
                    + $"was given the fix of CVE-2024-7409 aborts when an NBD reader of such a disk disconnects.",
                Advice.Of($"Use QEMU 10.0 or later, or take the disk off its iothread, or leave it out with {Feature.Exclude}. "
                    + $"{Feature.ForceStart} starts the backup anyway."));
        }
    }

    /// <summary>Decides what is done with each disk.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="request">What to back up.</param>
    public static ImmutableArray<DiskChoice> Choose(VmState state, StartRequest request)
    {
        var choices = DiskSelection.Pick(
            state, request.Disks, request.Exclude).Select(disk => LevelPlanner.Choose(state, disk, request)).ToImmutableArray();
        if (choices.GroupBy(c => c.Disk.Node.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"Node {twice.Key} is behind more than one disk: {string.Join(", ", twice.Select(c => c.Disk.Name))}.",
                Advice.Of($"Name one of them with {Feature.Disk}."));
        }

        return choices;
    }

    private static void RequirePossible(VmState state, StartRequest request, OpenBackup found)
    {
        if (!state.Features.SupportsPullMode)
        {
            throw new BackupException(BackupErrorCode.CommandRefused, $"QEMU {state.Version} lacks commands that pull mode needs.",
                "Pull-mode backups need QEMU 5.2 or later, and a storage daemon of 6.0 or later.");
        }

        if (found.IsOpen)
        {
            var when = found.Note is { } note ? $", begun at {note.StartedAt:u}," : "";
            throw new BackupException(
                BackupErrorCode.Busy, $"Backup {found.Checkpoint?.ToString() ?? "(unknown)"}{when} is open on this VM.",
                Advice.Of($"{Feature.Status} shows it; {Feature.Finish} or {Feature.Abort} closes it."));
        }

        Circumstances.RequireSettled(state);
        if (request is { Since: not null, Level: LevelChoice.Full or LevelChoice.Copy })
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "A full or copy is not relative to a checkpoint.",
                Advice.Of($"Give either {Feature.Since} or {Feature.Level} full."));
        }

        if (!request.ScratchDirectory.StartsWith('/'))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, "The scratch directory must be an absolute path, as QEMU sees it.",
                Advice.Of($"For example {Feature.ScratchDirectory} /var/tmp."));
        }

        if (request.Fleecing == Fleecing.SnapshotAccess && (!state.Features.HasSnapshotAccess || state.Version < SoundSnapshotAccess))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"QEMU {state.Version} cannot hold the point by snapshot-access: before {SoundSnapshotAccess} it lets readers see zeroes "
                    + $"where the guest has written zeroes since.",
                Advice.Of($"Use {Feature.Fleecing} overlay or auto."));
        }
    }

    // QEMU has one NBD server and does not tell of it. But what is exported by NBD is exported by it, and a storage daemon's command line
    // says what it was started with.
    private static VmNbdServer? FindServer(VmState state, StartRequest request, OpenBackup found)
    {
        if (!found.HasForeignNbdExports && state.NbdServer is null)
            return null;
        var address = request.Nbd ?? state.NbdServer?.Address ?? throw new BackupException(BackupErrorCode.CommandRefused,
            "Another program uses QEMU's NBD server, and QEMU does not say where it listens.",
            Advice.Of(
                $"Give its address with {Feature.Nbd}: the backup is then exported by the same server, which is left running afterwards."));
        return new VmNbdServer(address, request.TlsCreds is not null || (request.Nbd is null && state.NbdServer is { Tls: true }));
    }

    private static IEnumerable<PlanStep> RequireExport(SessionNote note, VmState state)
    {
        // With TLS only who reads has the certificates. A socket of a host that is not this one cannot be looked at.
        if (!note.SharesServer || note.Tls || (state.Process is null && note.Nbd.SocketPath is not null))
            yield break;
        yield return new RequireExportStep("Make sure that QEMU's server listens at the given address: this backup must be found there.",
            new NbdUri(note.Nbd, note.Disks[0].Export), state.Process is { IsQemu: true } process ? process.Pid : null);
    }

    private static SessionNote MakeNote(VmState state, StartRequest request, ImmutableArray<DiskChoice> choices, VmNbdServer? shared)
    {
        var names = new SessionNames(request.Point);
        var scratch = request.ScratchDirectory.TrimEnd('/');
        // On this host a folder of its own keeps others out; where only QEMU sees the file system, none can be made.
        var folder = state.Process is null ? null : $"{scratch}/{names.Directory}";
        var nbd = shared?.Address ?? request.Nbd ?? NbdEndpoint.Unix($"{folder ?? scratch}/{names.Socket}");
        if (nbd.SocketPath is { } path && (!path.StartsWith('/') || Encoding.UTF8.GetByteCount(path) > MaxSocketPath))
        {
            throw new BackupException(BackupErrorCode.InvalidArgument,
                $"The NBD socket's path must be absolute and at most {MaxSocketPath} bytes long, but is '{path}'.",
                    Advice.Of($"Give a shorter path with {Feature.Nbd} unix:/path or {Feature.ScratchDirectory}."));
        }

        var fleecing = request.Fleecing ?? (state.Features is { HasSnapshotAccess: true, BackupHasOnCbwError: true }
            ? Fleecing.SnapshotAccess : Fleecing.Overlay);
        return new SessionNote
        {
            Checkpoint = request.Point,
            Chain = request.Chain,
            StartedAt = request.Point.Time,
            Fleecing = fleecing,
            Nbd = nbd,
            Tls = shared?.Tls ?? request.TlsCreds is not null,
            SharesServer = shared is not null,
            MaxConnections = shared is null && state.Features.NbdServerHasMaxConnections ? SessionNote.DefaultMaxConnections : null,
            StoppedBefore = state.RunState == "io-error",
            ScratchFolder = folder,
            Disks =
            [
                .. choices.Select((choice, i) => new SessionNoteDisk
                {
                    Name = choice.Disk.Name,
                    Node = choice.Disk.Node.Name,
                    Device = choice.Disk.Device,
                    Top = choice.Disk.Top == choice.Disk.Node.Name ? null : choice.Disk.Top,
                    FailedWrites = state.FailedWrites.TryGetValue(choice.Disk.Top ?? "", out var failed) ? failed : null,
                    Size = choice.Disk.Size,
                    Encryption = choice.Disk.Encryption,
                    Level = choice.Level,
                    Reason = choice.Reason,
                    Parent = choice.Parent,
                    // Another program's server may have an export of the disk's name.
                    Export = shared is null ? choice.Disk.Name : names.Disk(i).Export,
                    Bitmap = choice.Changed.Length switch { 0 => null, 1 => choice.Changed[0], _ => names.MergedBitmap },
                    BitmapNode = choice.Changed.Length switch { 0 => null, 1 => choice.Disk.Node.Name, _ => names.Disk(i).Overlay },
                    Scratch = $"{folder ?? scratch}/{names.Disk(i).ScratchFile}",
                }),
            ],
        };
    }

    private static IEnumerable<PlanStep> FreePath(StartRequest request, VmState state) =>
        request.Nbd?.SocketPath is { } path && state.Process is not null
        ? [new RequireFreePathStep("Make sure that nothing is at the path of the NBD socket: QEMU would remove it silently.", path)]
        : [];

    // Where only QEMU sees the file system, this cannot be checked.
    private static IEnumerable<PlanStep> Space(StartRequest request, VmState state, ImmutableArray<DiskChoice> choices) =>
        state.Process is not null && !request.IgnoresSpace
        ? [
            new RequireSpaceStep(
                "Make sure that there is room for what the guest is expected to overwrite.",
                request.ScratchDirectory,
                ScratchEstimate.Of(choices, request.Point.Time))
            {
                LargestFile = ScratchEstimate.Largest(choices, request.Point.Time),
                Process = state.Process,
            },
        ]
        : [];

    private static IEnumerable<PlanStep> Folder(SessionNote note, StartRequest request, VmState state)
    {
        if (note.ScratchFolder is { } folder)
        {
            yield return new MakeFolderStep(
                "Make a folder that only the user of the VM can enter, for the scratch images and the NBD socket.", folder, state.Process!)
            {
                Mark = ScratchMark.Of(state, request.Point),
                Undo = [new RemoveFolderStep("Remove the folder.", folder, state.Process!)],
            };
        }
    }

    // A socket in the file system shows that the server is ours. Where there is none to be seen, a start that is cut off before its first
    // export would leave the server behind.
    private static IEnumerable<PlanStep> NoteServer(SessionNote note, VmState state) => note.Nbd.SocketPath is null || state.Process is null
        ? [new NoteStep("Note that the NBD server belongs to this backup, so that it is stopped if the start is cut off.",
            note with { ServerStarted = true })]
        : [];

    private static IEnumerable<PlanStep> PrepareFreeze(StartRequest request, CommandStep commit) => request.Freeze is { } freeze
        ? [
            new PrepareFreezeStep("Get the guest agent ready. Everything that takes time is done before the freeze: the guest is frozen "
                + "only for the transaction.", freeze),
            new SendAheadStep("Let QEMU read the transaction. It reads byte by byte, and acts when it has the last byte.", commit.Request),
        ]
        : [];

    private static IEnumerable<PlanStep> Freeze(StartRequest request) => request.Freeze is { } freeze
        ? [new FreezeStep("Freeze the guest's file systems: what is in its caches goes to the disks.",
            freeze) { Undo = [new ThawStep("Thaw, before anything else is undone.")] }]
        : [];

    private static IEnumerable<PlanStep> Thaw(StartRequest request) => request.Freeze is not null
        ? [new ThawStep("Thaw. The point in time is held, and the guest can go on.")]
        : [];

    private static CommandStep Commit(StartRequest request, ImmutableArray<DiskSteps> disks)
    {
        // Only the backup action holds the disk still until the transaction ends. A write that comes between disable and backup would be in
        // the point in time and in no exported bitmap: so all adds, then all backups, then all disables.
        ImmutableArray<TransactionAction> actions =
        [
            .. disks.SelectMany(d => d.AddNew()),
            .. disks.Select(d => d.Backup()),
            .. disks.SelectMany(d => d.LevelTwin()),
            .. disks.SelectMany(d => d.DisableOld()),
        ];
        var rollback = BitmapChange.Guarded([.. disks.SelectMany(d => d.RollBack())]);
        ImmutableArray<PlanStep> undo =
        [
            .. disks.SelectMany(d => d.EndJob()),
            .. rollback.IsEmpty ? [] : (PlanStep[])[Steps.Transaction(
                "Give the bits back: the old bitmaps record again and get what was recorded since.", rollback)],
        ];
        return Steps.Transaction($"Take the point in time {request.Point}, of all disks at once: new bitmaps record, the jobs hold the "
            + $"point, the old bitmaps stop.", actions) with
        {
            IsCommitPoint = true,
            Undo = undo,
        };
    }
}

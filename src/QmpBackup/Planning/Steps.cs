using System.Collections.Immutable;
using System.Text.Json;
using QmpBackup.Model;
using QmpBackup.Nbd;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Planning;

/// <summary>The steps that plans are made of, each with its exact command.</summary>
internal static class Steps
{
    // A scratch image is of no use after a crash. When its node goes, QEMU would flush it and let the guest and the monitor wait for that.
    private static BlockdevCacheOptions NoFlush { get; } = new() { NoFlush = true };

    private const string NotePath = "/objects/" + SessionNames.NoteObject;

    public static PlanStep PlaceNote(string purpose, SessionNote note) => new CommandStep(purpose,
        QomCommands.ObjectAdd.With(new ObjectOptionsAuthzSimple { Id = SessionNames.NoteObject, Identity = note.ToJson() }))
    {
        Undo = [RemoveNote("Remove the note.")],
    };

    public static QmpRequest WriteNote(SessionNote note) =>
        QomCommands.QomSet.With(new QomSetArguments { Path = NotePath, Property = "identity", Value = ToElement(note.ToJson()) });

    public static PlanStep Continue(string purpose) => new CommandStep(purpose, MiscCommands.Cont.Request) { MayBeRefused = true };

    public static PlanStep RemoveNote(string purpose) => new CommandStep(purpose,
        QomCommands.ObjectDel.With(new ObjectDelArguments { Id = SessionNames.NoteObject }));

    public static PlanStep CreateFile(string purpose, string jobId, string path, long size) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevCreate.With(new BlockdevCreateArguments
        {
            JobId = jobId,
            Options = new BlockdevCreateOptionsFile { Filename = path, Size = size },
        }))
    {
        RefusalRemedy = Advice.Of($"QEMU must be able to write to the scratch directory, as the user that it runs as. Name another one "
            + $"with {Feature.ScratchDirectory}."),
    };

    public static PlanStep FormatOverlay(string purpose, string jobId, string path, long size) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevCreate.With(new BlockdevCreateArguments
        {
            JobId = jobId,
            Options = new BlockdevCreateOptionsQcow2 { File = new BlockdevOptionsFile { Filename = path, Cache = NoFlush }, Size = size },
        }))
    {
        Undo = [.. EndOf(jobId)],
    };

    /// <summary>Waits for a job that must succeed, and dismisses it.</summary>
    public static IEnumerable<PlanStep> Conclude(string jobId, string failureMeans) =>
    [
        new AwaitJobStep("Wait until that is done.", jobId) { FailureMeans = failureMeans },
        DismissJob(jobId),
    ];

    /// <summary>Waits for the end of a job that may have ended already, and dismisses it if QEMU still has it.</summary>
    public static IEnumerable<PlanStep> EndOf(string jobId) =>
    [
        new AwaitJobStep("Wait until the job has ended.", jobId),
        DismissJob(jobId) with { MayBeRefused = true },
    ];

    public static PlanStep AddOverlay(string purpose, string node, string fileNode, string path, string backing) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsQcow2
        {
            NodeName = node,
            File = ScratchNode(fileNode, path),
            Backing = backing,
            Cache = NoFlush,
        }));

    public static PlanStep AddScratch(string purpose, string node, string fileNode, string path) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevAdd.With(
            new BlockdevOptionsRaw { NodeName = node, File = ScratchNode(fileNode, path), Cache = NoFlush }));

    public static PlanStep AddSnapshotAccess(string purpose, string node, string filter) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevAdd.With(new BlockdevOptionsSnapshotAccess { NodeName = node, File = filter }));

    public static PlanStep RemoveNode(string purpose, string node) => new CommandStep(purpose,
        BlockCoreCommands.BlockdevDel.With(new BlockdevDelArguments { NodeName = node }));

    /// <summary>
    /// Removes a scratch image from a folder that was made on this host. An image elsewhere is only QEMU's: QEMU can empty it, not remove
    /// it.
    /// </summary>
    public static IEnumerable<PlanStep> RemoveScratchFile(VmProcess? owner, string? folder, string path, int disk)
    {
        if (owner is not null && folder is not null && Path.GetDirectoryName(path) == folder)
        {
            yield return new RemoveFileStep("Remove the scratch image.", path, owner);
        }
        else if (SessionNames.OfFile(Path.GetFileName(path)) is { } names)
        {
            var jobId = names.Disk(disk).EmptyJob;
            yield return CreateFile("Have QEMU empty the scratch image: it cannot remove files.", jobId, path, 0);
            foreach (var step in EndOf(jobId))
                yield return step;
        }
    }

    public static PlanStep StartServer(NbdEndpoint address, string? tlsCreds, int? maxConnections) => new CommandStep(
        "Start the NBD server. QEMU has at most one: if another program has started one, this is refused, and that server is not changed.",
        BlockExportCommands.NbdServerStart.With(new NbdServerStartArguments
        {
            Address = address.SocketPath is { } path
                ? SocketAddressLegacy.Unix(path)
                : SocketAddressLegacy.Inet(address.Host!, address.Port),
            TlsCreds = tlsCreds,
            MaxConnections = maxConnections,
        }))
    {
        RefusalRemedy = Advice.Of($"Check whether QEMU can listen at the address. QEMU has one NBD server: once something is exported by "
            + $"one that runs already, name its address with {Feature.Nbd}, and the backup is exported by it as well."),
        Undo = [StopServer()],
    };

    /// <summary>Removes a monitor that was made for one client, and the socket behind it.</summary>
    public static IEnumerable<CommandStep> RemoveMonitor(string id) =>
    [
        new CommandStep("Remove a monitor that nobody uses.", QomCommands.ObjectDel.With(new ObjectDelArguments { Id = id }))
        {
            MayBeRefused = true,
        },
        new CommandStep("Remove its socket.", QmpRequest.Raw("chardev-remove", JsonSerializer.SerializeToElement(
            new ObjectDelArguments { Id = id }, QomCommands.ObjectDel.ArgumentsTypeInfo)))
        {
            MayBeRefused = true,
        },
    ];

    public static CommandStep StopServer() => new("Stop the NBD server.", BlockExportCommands.NbdServerStop.Request);

    public static PlanStep AddExport(string purpose, QemuFeatures features, string id, string node, SessionNoteDisk disk)
    {
        ImmutableArray<BlockDirtyBitmapOrStr>? bitmaps = disk is { Bitmap: { } bitmap, BitmapNode: { } bitmapNode }
            // The string form, which is all that QEMU before 7.1 has, finds the bitmap by walking down from the exported node.
            ? [features.ExportsBitmapsByNode ? new BlockDirtyBitmap { Node = bitmapNode, Name = bitmap } : bitmap]
            : null;
        return new CommandStep(purpose, BlockExportCommands.BlockExportAdd.With(new BlockExportOptionsNbd
        {
            Id = id,
            NodeName = node,
            Name = disk.Export,
            Writable = false,
            Bitmaps = bitmaps,
        }));
    }

    public static IEnumerable<PlanStep> RemoveExport(string id) =>
    [
        new CommandStep("Close the export, also with readers: without the job it would go on answering, with live data.",
            BlockExportCommands.BlockExportDel.With(new BlockExportDelArguments { Id = id, Mode = BlockExportRemoveMode.Hard })),
        new AwaitExportGoneStep("Wait until it is gone: until then its bitmap cannot be changed.", id),
    ];

    public static PlanStep CancelJob(string id) =>
        new CommandStep("Release the point in time. Cancelling is the normal end of a job of this kind.",
        JobCommands.JobCancel.With(new JobCancelArguments { Id = id }));

    public static CommandStep DismissJob(string id) =>
        new("Have QEMU forget the job.", JobCommands.JobDismiss.With(new JobDismissArguments { Id = id }));

    public static PlanStep AddMerged(string purpose, string node, string name) => new CommandStep(purpose,
        BlockCoreCommands.BlockDirtyBitmapAdd.With(
            new BlockDirtyBitmapAdd { Node = node, Name = name, Persistent = false, Disabled = true }));

    public static PlanStep MergeInto(string purpose, string node, string target, string source, ImmutableArray<string> bitmaps) =>
        new CommandStep(purpose,
        BlockCoreCommands.BlockDirtyBitmapMerge.With(new BlockDirtyBitmapMerge
        {
            Node = node,
            Target = target,
            Bitmaps = [.. bitmaps.Select(bitmap => (BlockDirtyBitmapOrStr)new BlockDirtyBitmap { Node = source, Name = bitmap })],
        }));

    public static CommandStep Transaction(string purpose, ImmutableArray<TransactionAction> actions) => new CommandStep(purpose,
        TransactionCommands.Transaction.With(new TransactionArguments { Actions = actions }));

    public static TransactionAction Add(BlockNode node, string name, bool persistent, long? granularity = null) =>
        TransactionAction.BlockDirtyBitmapAdd(
            new BlockDirtyBitmapAdd { Node = node.Name, Name = name, Persistent = persistent, Granularity = granularity });

    public static TransactionAction Enable(BlockNode node, string name) => TransactionAction.BlockDirtyBitmapEnable(Bitmap(node, name));

    public static TransactionAction Disable(BlockNode node, string name) => TransactionAction.BlockDirtyBitmapDisable(Bitmap(node, name));

    public static TransactionAction Clear(BlockNode node, string name) => TransactionAction.BlockDirtyBitmapClear(Bitmap(node, name));

    public static TransactionAction Remove(BlockNode node, string name) => TransactionAction.BlockDirtyBitmapRemove(Bitmap(node, name));

    public static TransactionAction Merge(BlockNode node, string target, string source) =>
        TransactionAction.BlockDirtyBitmapMerge(new BlockDirtyBitmapMerge { Node = node.Name, Target = target, Bitmaps = [source] });

    public static TransactionAction Backup(BlockNode node, string target, string jobId, string filter, bool breakSnapshot) =>
        TransactionAction.BlockdevBackup(new BlockdevBackup
        {
            JobId = jobId,
            Device = node.Name,
            Target = target,
            Sync = MirrorSyncMode.None,
            AutoDismiss = false,
            FilterNodeName = filter,
            // Never with an overlay: its reads would then go on, and lie.
            OnCbwError = breakSnapshot ? OnCbwError.BreakSnapshot : null,
        });

    private static BlockdevOptionsFile ScratchNode(string node, string path) =>
        new() { NodeName = node, Filename = path, Discard = BlockdevDiscardOptions.Unmap, Cache = NoFlush };

    private static BlockDirtyBitmap Bitmap(BlockNode node, string name) => new() { Node = node.Name, Name = name };

    private static JsonElement ToElement(string text)
    {
        using var document = JsonDocument.Parse($"\"{JsonEncodedText.Encode(text)}\"");
        return document.RootElement.Clone();
    }
}

/// <summary>Replaces the note of the open backup. The time that the guest was frozen is known, and added, when the step is run.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Note">The note.</param>
internal sealed record NoteStep(string Purpose, SessionNote Note) : CommandStep(Purpose, Steps.WriteNote(Note))
{
    internal QmpRequest RequestAfter(TimeSpan? frozen, bool mayBeFrozen) =>
        frozen is null && !mayBeFrozen ? Request : Steps.WriteNote(After(Note, frozen, mayBeFrozen));

    internal static SessionNote After(SessionNote note, TimeSpan? frozen, bool mayBeFrozen) =>
        note with
        {
            FrozenMilliseconds = frozen is { } time ? Math.Round(time.TotalMilliseconds, 1) : note.FrozenMilliseconds,
            MayBeFrozen = mayBeFrozen
        };
}

/// <summary>Makes a folder on this host that only the user of the VM can enter.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that must be able to use it.</param>
internal sealed record MakeFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <summary>What is written into it, so that it is known later whose it is.</summary>
    internal ScratchMark? Mark { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"mkdir -m 700 {Path} (owner: user {Owner.UserId})";
}

/// <summary>Removes a scratch image from its scratch folder. An image in a folder of another backup is left alone.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The file.</param>
/// <param name="Owner">The process that the folder was made for.</param>
internal sealed record RemoveFileStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm -f {Path}";
}

/// <summary>
/// Removes a scratch folder of ours, with the scratch images and the socket in it and nothing else. One that cannot be of this backup is
/// left alone.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The folder.</param>
/// <param name="Owner">The process that it was made for.</param>
internal sealed record RemoveFolderStep(string Purpose, string Path, VmProcess Owner) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"rm {Path}/qbackup-*; rmdir {Path}";
}

/// <summary>
/// Makes sure that nothing is at a path of the user's: QEMU would silently remove what is there to put its socket in the place.
/// </summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The path.</param>
internal sealed record RequireFreePathStep(string Purpose, string Path) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"test ! -e {Path}";
}

/// <summary>Makes sure that a directory on this host has room: a scratch that runs full ends the backup.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Path">The directory.</param>
/// <param name="Bytes">How much must be free, in bytes.</param>
internal sealed record RequireSpaceStep(string Purpose, string Path, long Bytes) : PlanStep(Purpose)
{
    /// <summary>How large the largest scratch image may become, in bytes.</summary>
    internal long LargestFile { get; init; }

    /// <summary>QEMU, whose quota and limit on file sizes count as well; null where it is not known.</summary>
    internal VmProcess? Process { get; init; }

    /// <inheritdoc/>
    public override string Describe() => $"test $(df --output=avail -B1 {Path} | tail -n 1) -ge {Bytes}";
}

/// <summary>Makes sure that an export of this backup can be read at the address that is given for another program's NBD server.</summary>
/// <param name="Purpose">What it is for.</param>
/// <param name="Uri">The export's URI.</param>
/// <param name="Server">The process that must listen there; null where this cannot be told.</param>
internal sealed record RequireExportStep(string Purpose, NbdUri Uri, int? Server) : PlanStep(Purpose)
{
    /// <inheritdoc/>
    public override string Describe() => $"nbdinfo '{Uri}'";
}

using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Planning;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Transfer;

namespace QmpBackup;

/// <summary>Copies an open backup into a repository.</summary>
public sealed class PointPuller
{
    // Chunks in flight of all disks together: 16 MiB of buffers.
    private const int MaxChunks = 64;
    private const int ChunksOfDisk = 24;
    private const int MinChunksOfDisk = 8;

    // Connections of the NBD server that are left for other readers, and for those of a finished disk, which QEMU may close late.
    private const int SpareConnections = 20;

    private readonly BackupRepository _repository;
    private readonly PullOptions _options;

    /// <summary>A puller.</summary>
    /// <param name="repository">Where to.</param>
    /// <param name="options">How; null for the defaults.</param>
    public PointPuller(BackupRepository repository, PullOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(repository);
        (_repository, _options) = (repository, options ?? new PullOptions());
    }

    /// <summary>The name of a VM in a repository: the one that the user gives, else the VM's name, else its UUID.</summary>
    /// <param name="state">The VM.</param>
    /// <param name="wanted">The name that the user gives; null for none.</param>
    public static string NameOf(VmState state, string? wanted = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        return !string.IsNullOrEmpty(wanted) ? wanted
            : !string.IsNullOrEmpty(state.Name) ? state.Name
            : RightPlace.UuidOf(state)
            ?? throw new BackupException(BackupErrorCode.InvalidArgument, "This VM has neither a name nor a UUID.",
                Advice.Of($"Give it a name in the repository with {Feature.Vm}."));
    }

    /// <summary>Copies the open backup. Continues where an interrupted pull of it stopped.</summary>
    /// <param name="workflow">The VM.</param>
    /// <param name="vm">The name that the VM has in the repository; null for its own.</param>
    /// <param name="cancellationToken">Stops it; another pull goes on from there.</param>
    /// <exception cref="BackupException">
    /// Nothing is open, the point in time was lost, or something failed; the repository then holds no such point.
    /// </exception>
    public async Task<PulledPoint> PullAsync(BackupWorkflow workflow, string? vm = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        using var free = workflow.Monitor.LetGo();
        var state = await workflow.ObserveAsync(cancellationToken).ConfigureAwait(false);
        var session = StatusReader.Read(state).Session
            ?? throw new BackupException(
                BackupErrorCode.NothingOpen, "No backup is open.", Advice.Of($"{Feature.Start} opens one; {Feature.Run} does it all."));
        RequireReadable(session);
        TrustedSource.Require(state, session, _options);
        var work = new WatchedWork(workflow, _options);
        IDisposable? held = null;
        try
        {
            return await PullAsync(work, workflow, state, session, () =>
            {
                var chain = _repository.GetChain(NameOf(state, vm), session.Chain!.Value);
                RightPlace.RequireNotLost(state, chain, _options);
                held = chain.Lock();
                var contents = chain.Read(_options.SignKey, requireSignature: _options.SignKey is not null);
                RightPlace.Require(state, contents, _options);
                return contents;
            }, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            work.Release(() => held?.Dispose());
        }
    }

    /// <summary>Copies it, watched from here to the end; the chain is locked by the caller.</summary>
    /// <param name="work">Runs the pull under a watch, and knows whether some work was left running.</param>
    /// <param name="workflow">The VM.</param>
    /// <param name="state">The state of the VM when the backup was found open.</param>
    /// <param name="session">The backup.</param>
    /// <param name="getContents">Tells what the chain holds.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal async Task<PulledPoint> PullAsync(
        WatchedWork work, BackupWorkflow workflow, VmState state, BackupSession session, Func<ChainContents> getContents,
            CancellationToken cancellationToken)
    {
        var checkpoint = RequireReadable(session);
        var options = _options with { Nbd = TrustedSource.Connect(state, session, _options) };
        ChainContents? contents = null;
        try
        {
            return await work.RunAsync(state.Note, token => CopyAsync(workflow, options, state, session, contents = getContents(), token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (PointLostException e)
        {
            if (work.IsLeft || contents is null)
                throw e.Reason;
            contents.Chain.RemoveIncomplete(checkpoint);
            // The backup was given up while the last file was written. A complete point is right: all of it was read while the point in
            // time was held.
            throw !contents.Chain.Holds(checkpoint) ? e.Reason
                : new BackupException(e.Reason.Code, $"{e.Reason.Message} Point {session.Checkpoint} is still complete in the repository.",
                    e.Reason.Remedy, e.Reason);
        }
    }

    private static CheckpointId RequireReadable(BackupSession session)
    {
        if (session.Phase == SessionPhase.Starting || session.Checkpoint is not { } checkpoint || session.Chain is null
            || session.Disks.Any(d => d.Uri is null))
        {
            throw new BackupException(BackupErrorCode.BackupFailed,
                $"Backup {session.Id} cannot be pulled: it is not completely opened, or its note was removed.",
                Advice.Of($"Run {Feature.Abort}."));
        }

        return checkpoint;
    }

    private async Task<PulledPoint> CopyAsync(BackupWorkflow workflow, PullOptions options, VmState state, BackupSession session,
        ChainContents contents, CancellationToken cancellationToken)
    {
        var checkpoint = session.Checkpoint!.Value;
        var chain = contents.Chain;
        if (contents.Find(checkpoint) is { } complete)
        {
            if (contents.FindDistrust(complete) is { } distrust)
            {
                throw new BackupException(BackupErrorCode.Storage,
                    $"{chain.Folder} holds a point {complete.Id} that cannot be trusted: {distrust}.", "Move its files away.");
            }

            return new PulledPoint(chain, complete, complete.Disks.Sum(d => d.Size));
        }

        if (contents.Broken.Any(b => b.Id == checkpoint))
        {
            throw new BackupException(
                BackupErrorCode.Storage, $"{chain.Folder} holds a damaged point {session.Checkpoint}.", "Move its files away.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        var open = new List<OpenFolder>();
        GuestPacer? pacer = null;
        try
        {
            using var held = ChainFolder.Make(chain);
            held.Mark(checkpoint);
            var names = FoldersOf(contents, session);
            foreach (var name in names)
                open.Add(held.OpenDisk(name));
            var disks = session.Disks.Select((d, i) => (Disk: d, Parent: ParentOf(contents, d),
                Files: DiskFiles.In(OpenFolder.PathOf(open[i].Handle), checkpoint, open[i].Path))).ToList();
            options = options with { Connections = ConnectionsFor(disks.Count, state.Note?.MaxConnections) };
            var builtOn = new ParentFiles();
            foreach (var (disk, parent, _) in disks.Where(d => d.Parent is not null))
                builtOn.Add(contents, contents.Find(disk.Parent!.Value)!, parent!);
            var throttle = _options.BytesPerSecond is { } rate ? new Throttle(rate, _options.TimeProvider) : null;
            var meter = new ProgressMeter(
                session.Disks.Sum(DiskPull.ExpectedOf), _options.Progress, _options.TimeProvider, _options.BytesPerSecond);
            pacer = GuestPacer.TryStart(workflow, state, _options);
            var gate = pacer?.Gate;
            var pulls = disks.ConvertAll(d =>
                new DiskPull(d.Disk, d.Files, ParentHashes(contents, d.Disk, d.Parent), options, throttle, meter) { Gate = gate });
            var pulled = await PullAllAsync(pulls, cancellationToken).ConfigureAwait(false);
            if (pacer is not null)
                await pacer.DisposeAsync().ConfigureAwait(false);

            // Readers do not notice if the point in time is lost: what was read counts only if the point is still held now.
            await workflow.RequireHeldAsync(checkpoint, cancellationToken).ConfigureAwait(false);
            var point = new RepositoryPoint
            {
                Id = checkpoint,
                Vm = chain.Vm,
                Uuid = RightPlace.UuidOf(state),
                Chain = chain.Chain,
                Checkpoint = checkpoint,
                Sequence = contents.Points.Select(p => p.Sequence).DefaultIfEmpty().Max() + 1,
                Parent = contents.Points.LastOrDefault(p => session.Disks.Any(d => d.Parent == p.Id))?.Id,
                CreatedAt = session.StartedAt,
                CompletedAt = _options.TimeProvider.GetUtcNow(),
                QemuVersion = state.Version.ToString(3),
                FrozenMilliseconds = session.FrozenMilliseconds,
                Disks = [.. disks.Select((d, i) => RecordOf(names[i], d.Disk, d.Parent, d.Files, pulled[i]))],
            };
            foreach (var folder in open)
                folder.Flush();
            held.Folder.Flush();
            // The last moment to stop: a backup that was given up while files were flushed makes no point.
            cancellationToken.ThrowIfCancellationRequested();
            builtOn.RequireUnchanged();
            point = PointFile.Write(held.Folder, point, _options.SignKey, cancellationToken);
            // If these cannot be removed, they do no harm.
            foreach (var folder in open)
                folder.TryRemove(point.Id + ChainLayout.JournalSuffix);
            held.RemoveMark(point.Id);
            meter.Finish();
            return new PulledPoint(chain, point, pulled.Sum(p => p.BytesReused));
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            throw FileFailure.ToBackupException(chain.Folder, e);
        }
        finally
        {
            if (pacer is not null)
                await pacer.DisposeAsync().ConfigureAwait(false);
            foreach (var folder in open)
                folder.Dispose();
        }
    }

    // A client beyond the server's limit waits until another one disconnects, up to its own time limit.
    private int ConnectionsFor(int disks, int? allowed) =>
        Math.Clamp(
            (Math.Max(0, allowed ?? SessionNote.DefaultMaxConnections) - SpareConnections) / Math.Min(disks, MaxChunks / MinChunksOfDisk),
            1, _options.Connections);

    private static async Task<List<PulledDisk>> PullAllAsync(List<DiskPull> pulls, CancellationToken cancellationToken)
    {
        var window = Math.Clamp(MaxChunks / pulls.Count, MinChunksOfDisk, ChunksOfDisk);
        using var together = new SemaphoreSlim(MaxChunks / MinChunksOfDisk);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Exception? failure = null;
        var pulled = await Task.WhenAll(pulls.Select(async pull =>
        {
            try
            {
                await together.WaitAsync(stop.Token).ConfigureAwait(false);
                try
                {
                    return await DiskPuller.RunAsync(pull, window, stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    together.Release();
                }
            }
            catch (Exception e)
            {
                // The first failure stops the others, and is the one that is reported.
                Interlocked.CompareExchange(ref failure, e, null);
                await stop.CancelAsync().ConfigureAwait(false);
                return null;
            }
        })).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (failure is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return [.. pulled.Select(p => p!)];
    }

    private static PointDisk? ParentOf(ChainContents contents, SessionDisk disk)
    {
        if (disk.Level != BackupLevel.Incremental)
            return null;
        var parent = disk.Parent is { } id ? contents.Find(id) : null;
        var below = parent?.FindDisk(disk.Name);
        var problem = below is null ? "the repository does not hold it"
            : below.Size != disk.Size ? "the disk had another size" : contents.FindFault(parent!, below)?.Problem;
        return problem is null ? below
            : throw new BackupException(BackupErrorCode.Storage, $"Disk {disk.Name} is an increment on point {disk.Parent}, but {problem}.",
                Advice.Of($"Run {Feature.Abort}, then {Feature.Run}: it reads the whole disk."));
    }

    private static List<HashSource> ParentHashes(ChainContents contents, SessionDisk disk, PointDisk? parent) => parent is null ? []
        : contents.LineOf(contents.Find(disk.Parent!.Value)!, parent).ConvertAll(l => contents.Chain.HashesOf(l.Point, l.Disk));

    private static PointDisk RecordOf(string folder, SessionDisk disk, PointDisk? parent, DiskFiles files, PulledDisk pulled)
    {
        using var image = FolderFiles.OpenRead(files.Image);
        return new PointDisk
        {
            Name = disk.Name,
            Node = disk.Node,
            Level = disk.Level,
            Reason = disk.Reason,
            Parent = disk.Parent,
            SourceEncryption = disk.Encryption,
            Size = disk.Size,
            File = $"{folder}/{Path.GetFileName(files.Image)}",
            FileSize = RandomAccess.GetLength(image),
            BytesRead = pulled.Tally.BytesRead,
            BytesZero = pulled.Tally.BytesZero,
            BytesWritten = pulled.Tally.BytesWritten,
            Seconds = Math.Round(pulled.Tally.Seconds, 3),
            Hashes = new PointHashes
            {
                File = $"{folder}/{Path.GetFileName(files.Hashes)}",
                Algorithm = HashBlock.Algorithm,
                BlockSize = HashBlock.Size,
                Digest = pulled.Digest,
                Root = PointHashes.RootOf(disk.Name, pulled.Digest, parent?.Hashes.Root),
            },
        };
    }

    // A disk has the same folder in the whole chain, and no two disks share one, even if the file system ignores case.
    private static List<string> FoldersOf(ChainContents contents, BackupSession session)
    {
        List<string> taken = [.. BackupRepository.FoldersOf(contents.Chain.Folder).Select(f => Path.GetFileName(f))];
        return session.Disks.Select(disk =>
        {
            var folder = contents.FolderOf(disk.Name) ?? SafeName.Of(disk.Name, taken);
            taken.Add(folder);
            return folder;
        }).ToList();
    }
}

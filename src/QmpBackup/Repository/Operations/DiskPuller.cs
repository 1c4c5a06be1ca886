using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>Copies one disk of an open backup into an image.</summary>
internal sealed class DiskPuller
{
    private readonly SessionDisk _disk;
    private readonly DiskFiles _files;
    private readonly IReadOnlyList<HashSource> _parentHashes;
    private readonly PullOptions _options;
    private readonly DiskJournal _journal;
    private readonly Throttle? _throttle;
    private readonly ProgressMeter _meter;
    private DiskTally _done;
    private HashFileWriter? _hashes;
    private NbdClient? _source;
    private NbdClient? _target;

    /// <summary>A puller.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="files">Where to.</param>
    /// <param name="parentHashes">The files of hashes of the point that an increment is built on and of those below it, its own first.</param>
    /// <param name="options">How.</param>
    /// <param name="throttle">Holds reading back; null for no limit.</param>
    /// <param name="meter">Is told.</param>
    public DiskPuller(SessionDisk disk, DiskFiles files, IReadOnlyList<HashSource> parentHashes, PullOptions options, Throttle? throttle, ProgressMeter meter)
    {
        (_disk, _files, _parentHashes, _options, _throttle, _meter) = (disk, files, parentHashes, options, throttle, meter);
        _journal = new DiskJournal(files.Journal, $"{Path.GetFileName(files.Image)}\n{disk.Name}", options.SignKey);
        _done = new DiskTally { Size = disk.Size, Parent = disk.Parent };
    }

    /// <summary>The digest of the file of hashes.</summary>
    public string Digest => _done.Digest ?? "";

    /// <summary>How much of the disk was found done by a pull that was cut off, in bytes.</summary>
    public long BytesReused { get; private set; }

    private bool IsIncrement => _disk.Level == BackupLevel.Incremental;

    /// <summary>How much of a disk its map is expected to name, in bytes: what the meter's total begins with.</summary>
    /// <param name="disk">The disk.</param>
    public static long ExpectedOf(SessionDisk disk) => disk.Level == BackupLevel.Incremental ? disk.DirtyBytes ?? disk.Size : disk.Size;

    /// <summary>Copies. What was done by a pull that was cut off is not done again.</summary>
    /// <param name="window">How many chunks may be in flight.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<DiskTally> RunAsync(int window, CancellationToken cancellationToken)
    {
        var begin = _options.TimeProvider.GetTimestamp();
        if (!TryResume())
            await CreateAsync(cancellationToken).ConfigureAwait(false);
        using (_hashes)
        {
            if (!_done.IsComplete)
                await CopyAsync(window, begin, cancellationToken).ConfigureAwait(false);
        }

        return _done;
    }

    private bool TryResume()
    {
        // A compressed cluster cannot be written twice, and what was written behind the journal's last word is not known.
        if (_journal.Read() is not { } journal || journal.Size != _disk.Size || journal.Parent != _disk.Parent
            || (_options.Compress && !journal.IsComplete) || !File.Exists(_files.Image))
        {
            return false;
        }

        try
        {
            if (journal.Digest is { } digest)
                HashFileReader.Check(new HashSource(_files.Hashes, digest));
            else
                _hashes = HashFileWriter.Continue(_files.Hashes, _disk.Size, new HashPosition(journal.HashLength, journal.HashNodes ?? []));
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return false;
        }

        _done = journal;
        BytesReused = Math.Min(journal.NextBlock * HashBlock.Size, _disk.Size);
        _meter.Expect(Expected - ExpectedOf(_disk) + journal.BytesRead);
        _meter.Add(journal.BytesRead, 0);
        return true;
    }

    // How much the rest of the map is expected to name.
    private long Expected => _done.IsComplete ? 0 : Math.Max(0, ExpectedOf(_disk) - (IsIncrement ? _done.BytesRead + _done.BytesZero : BytesReused));

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        using var folder = OpenFolder.Open(_files.Folder);
        folder.Remove(Path.GetFileName(_files.Journal));
        folder.Remove(Path.GetFileName(_files.Image));
        using var image = folder.CreateFile(Path.GetFileName(_files.Image));
        await QemuImage.CreateAsync(_options.Tools, OpenFolder.PathOf(image), _disk.Size, IsIncrement ? DiskInspector.BackingOf(_disk.Parent!) : null, _options.Compress, cancellationToken).ConfigureAwait(false);
        _hashes = HashFileWriter.Create(_files.Hashes, _disk.Size);
    }

    private async Task CopyAsync(int window, long begin, CancellationToken cancellationToken)
    {
        var source = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            try
            {
                var server = await QemuNbdServer.WriteAsync(_options.Tools, _files.Image, "qcow2", _options.Compress,
                    new NbdClientOptions { Connections = _options.Connections, TimeProvider = _options.TimeProvider, CommandTimeout = Timeout.InfiniteTimeSpan },
                    cancellationToken).ConfigureAwait(false);
                await using (server.ConfigureAwait(false))
                {
                    (_source, _target) = (source, server.Client);
                    await CopyBlocksAsync(window, begin, cancellationToken).ConfigureAwait(false);
                    await _target.FlushAsync(cancellationToken).ConfigureAwait(false);
                    await server.CloseAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is NbdException or InvalidDataException)
            {
                throw TargetFailed(e);
            }
        }

        using (var folder = OpenFolder.Open(_files.Folder))
        using (var image = folder.OpenFile(Path.GetFileName(_files.Image), write: true))
            SafeFile.Flush(image, _files.Name);
        _done = _done with
        {
            Digest = _hashes!.Complete(),
            HashNodes = null,
            Seconds = _done.Seconds + _options.TimeProvider.GetElapsedTime(begin).TotalSeconds,
        };
        _journal.Write(_done);
    }

    private async Task CopyBlocksAsync(int window, long begin, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var chunks = new ChunkWindow(window, Collect);
        var earlier = _done.Seconds;
        var safe = begin;
        try
        {
            var source = _source!;
            var allocation = source.FindMetaContext(NbdMetaContext.BaseAllocation);
            var dirty = _disk.MetaContext is { } name ? source.FindMetaContext(name) : null;
            var runs = BlockRuns.OfAsync(source, _done.NextBlock, long.MaxValue, allocation, dirty, static flags => (flags & NbdMetaContext.StateDirty) != 0, stop.Token);
            using var parent = IsIncrement ? HashLayers.Open(_parentHashes) : null;
            var cutFrom = parent is not null ? await FindCutAsync(dirty, parent, stop.Token).ConfigureAwait(false) : 0;
            var ahead = new MapAhead(_meter, _disk.Size, Expected);
            await foreach (var run in ahead.ReadAsync(ToCopyAsync(runs, parent, cutFrom), stop.Token).ConfigureAwait(false))
            {
                for (var block = run.First; block < run.End;)
                {
                    var count = run.HasData ? Math.Min(run.End - block, Chunk.MaxBlocks) : run.End - block;
                    var chunk = await chunks.RentAsync().ConfigureAwait(false);
                    chunk.Place(block, count, _disk.Size);
                    chunk.IsHole = !run.HasData;
                    chunks.Send(chunk, run.HasData ? CopyAsync(chunk, stop.Token) : ZeroAsync(chunk, stop.Token));
                    block += count;
                    if (_options.TimeProvider.GetElapsedTime(safe) >= _options.JournalInterval)
                    {
                        await SaveAsync(earlier, begin, cancellationToken).ConfigureAwait(false);
                        safe = _options.TimeProvider.GetTimestamp();
                    }
                }
            }

            await chunks.DrainAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            if (await chunks.AbandonAsync().ConfigureAwait(false))
                await TrySaveAsync(earlier, begin).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            // Chunks say themselves whose failure it is: this one is of the map.
            if (e is NbdException)
                throw SourceFailed(e);
            if (e is InvalidDataException)
            {
                throw new BackupException(BackupErrorCode.Storage, $"Point {_disk.Parent}, on which disk {_disk.Name} is an increment, is damaged: {e.Message}.",
                    "'qbackup verify' finds all that is, and the next run takes a full rather than building on it.", e);
            }

            throw;
        }
    }

    // What is said to be unchanged and was data at the parent is copied where a cut has reached it, and where it is said to be zero: read, as a file system may be wrong about its
    // holes.
    private static async IAsyncEnumerable<BlockRun> ToCopyAsync(IAsyncEnumerable<BlockRun> runs, HashLayers? parent, long cutFrom)
    {
        await foreach (var run in runs.ConfigureAwait(false))
        {
            if (run.IsMarked)
                yield return run;
            if (run.IsMarked || parent is null)
                continue;
            for (var block = run.HasData ? Math.Max(run.First, cutFrom) : run.First; block < run.End;)
            {
                var below = parent.At(block);
                var end = Math.Min(below.End, run.End);
                if (below.Kind == HashKind.Data)
                    yield return new BlockRun(block, end, HasData: true, IsMarked: true);
                block = end;
            }
        }
    }

    private Task<long> FindCutAsync(NbdMetaContext? dirty, HashLayers parent, CancellationToken cancellationToken)
    {
        var chunk = new Chunk();
        return new CutProbe(_source!, dirty, parent, async (block, token) =>
        {
            chunk.Place(block, 1, _disk.Size);
            await ReadAsync(chunk, token).ConfigureAwait(false);
            return chunk.Bytes;
        }).FindAsync(cancellationToken);
    }

    private async Task<NbdClient> ConnectAsync(CancellationToken cancellationToken)
    {
        NbdClient? client = null;
        try
        {
            client = await NbdClient.ConnectAsync(_disk.Uri!, _options.Nbd with
            {
                Connections = _options.Connections,
                MetaContexts = _disk.MetaContext is { } dirty ? [NbdMetaContext.BaseAllocation, dirty] : [NbdMetaContext.BaseAllocation],
            }, cancellationToken).ConfigureAwait(false);
            if (_disk.MetaContext is { } wanted && client.FindMetaContext(wanted) is null)
                throw new BackupException(BackupErrorCode.BackupFailed, $"The export of disk {_disk.Name} does not offer {wanted}.");
            if (client.Export.Size != _disk.Size)
                throw new BackupException(BackupErrorCode.BackupFailed, $"The export of disk {_disk.Name} has {client.Export.Size} bytes, expected are {_disk.Size}.");
            return client;
        }
        catch (Exception e)
        {
            if (client is not null)
                await client.DisposeAsync().ConfigureAwait(false);
            throw e is NbdException ? SourceFailed(e) : e;
        }
    }

    private async Task ReadAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        if (_throttle is not null)
            await _throttle.WaitAsync(chunk.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            await _source!.ReadAsync(chunk.Bytes, chunk.Offset, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw SourceFailed(e);
        }
    }

    private async Task CopyAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        await ReadAsync(chunk, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < chunk.Count; i++)
        {
            var block = chunk.Block(i).Span;
            chunk.Zero[i] = HashBlock.IsZero(block);
            if (!chunk.Zero[i])
                chunk.Hashes[i] = BlockHash.Of(block);
        }

        for (var i = 0; i < chunk.Count;)
        {
            var first = i;
            while (++i < chunk.Count && chunk.Zero[i] == chunk.Zero[first])
            {
            }

            await PutAsync(chunk, first, i, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask PutAsync(Chunk chunk, int first, int end, CancellationToken cancellationToken)
    {
        var begin = first * HashBlock.Size;
        var bytes = chunk.Bytes[begin..(int)Math.Min(end * HashBlock.Size, chunk.Length)];
        try
        {
            if (!chunk.Zero[first])
                await _target!.WriteAsync(bytes, chunk.Offset + begin, cancellationToken: cancellationToken).ConfigureAwait(false);
            else if (IsIncrement)
                await _target!.WriteZeroesAsync(chunk.Offset + begin, bytes.Length, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw TargetFailed(e);
        }
    }

    private async Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        // A fresh image without a parent is zero already.
        if (!IsIncrement)
            return;
        try
        {
            await _target!.WriteZeroesAsync(chunk.Offset, chunk.Length, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw TargetFailed(e);
        }
    }

    private void Collect(Chunk chunk)
    {
        long zero = 0;
        if (chunk.IsHole)
        {
            zero = chunk.Length;
            if (IsIncrement)
                _hashes!.AddZeroes(chunk.First, chunk.Count);
        }
        else
        {
            for (var i = 0; i < chunk.Count; i++)
            {
                if (!chunk.Zero[i])
                {
                    _hashes!.Add(chunk.First + i, chunk.Hashes[i]);
                }
                else
                {
                    zero += chunk.Block(i).Length;
                    if (IsIncrement)
                        _hashes!.AddZeroes(chunk.First + i, 1);
                }
            }
        }

        _done = _done with
        {
            NextBlock = chunk.First + chunk.Count,
            BytesRead = _done.BytesRead + (chunk.IsHole ? 0 : chunk.Length),
            BytesZero = _done.BytesZero + zero,
            BytesWritten = _done.BytesWritten + (chunk.Length - zero),
        };
        if (!chunk.IsHole)
            _meter.Add(chunk.Length, chunk.Length);
    }

    // Every block before NextBlock has been answered, so a flush makes it safe; then the hashes, then the word that both are.
    private async Task SaveAsync(double earlier, long begin, CancellationToken cancellationToken)
    {
        var done = _done;
        try
        {
            await _target!.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw TargetFailed(e);
        }

        var seconds = earlier + _options.TimeProvider.GetElapsedTime(begin).TotalSeconds;
        var hashes = _hashes!.Commit();
        _journal.Write(done with { HashLength = hashes.Length, HashNodes = hashes.Open, Seconds = seconds });
    }

    private async Task TrySaveAsync(double earlier, long begin)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await SaveAsync(earlier, begin, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            // It failed already, and the reason is told. The next pull begins where the journal was last written.
        }
    }

    private BackupException SourceFailed(Exception e) => new(BackupErrorCode.BackupFailed, $"Reading disk {_disk.Name} from the VM failed: {e.Message.TrimEnd('.')}.",
        e is NbdConnectException { Reason: NbdConnectFailure.ClosedByServer or NbdConnectFailure.TlsFailed } && _disk.Uri is { RequiresTls: true }
            ? "The export is encrypted: name the folder with the authority, and with this client's certificate if QEMU wants one, with --tls-certificates."
            : "If the backup is still open, 'qbackup pull' goes on where it was.", e);

    private BackupException TargetFailed(Exception e) => new(BackupErrorCode.Storage, $"Writing {_files.Name} failed: {e.Message.TrimEnd('.')}.",
        e is NbdCommandException { Error: NbdError.ENOSPC } ? "There is no space left in the repository: make room, then go on." : null, e);
}

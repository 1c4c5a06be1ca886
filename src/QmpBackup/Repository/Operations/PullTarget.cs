using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>The image that a disk is pulled into, behind qemu-nbd.</summary>
internal sealed class PullTarget : IBlockSink, IAsyncDisposable
{
    private static readonly TimeSpan LastSaveTimeout = TimeSpan.FromSeconds(10);

    private readonly DiskPull _pull;
    private readonly QemuNbdServer _server;
    private readonly NbdWriter _writer;
    private readonly PullRecord _record;
    private long _saved;

    private PullTarget(DiskPull pull, QemuNbdServer server, PullRecord record)
    {
        (_pull, _server, _record) = (pull, server, record);
        _writer = new NbdWriter(server.Client, pull.WriteFailed);
        _saved = pull.Options.TimeProvider.GetTimestamp();
    }

    /// <summary>Makes the empty image.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It cannot be made.</exception>
    public static async Task CreateAsync(DiskPull pull, CancellationToken cancellationToken)
    {
        var (files, disk, options) = (pull.Files, pull.Disk, pull.Options);
        using var folder = OpenFolder.Open(files.Folder);
        folder.Remove(Path.GetFileName(files.Journal));
        folder.Remove(Path.GetFileName(files.Image));
        using var image = folder.CreateFile(Path.GetFileName(files.Image));
        var backing = pull.IsIncrement ? DiskInspector.BackingOf(disk.Parent!.Value) : null;
        await QemuImage.CreateAsync(
            options.Tools, OpenFolder.PathOf(image), disk.Size, backing, options.Compress, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens the image for writing.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="record">Receives what is done.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It cannot be opened.</exception>
    public static async Task<PullTarget> OpenAsync(DiskPull pull, PullRecord record, CancellationToken cancellationToken)
    {
        var options = new NbdClientOptions
        {
            Connections = pull.Options.Connections,
            TimeProvider = pull.Options.TimeProvider,
            CommandTimeout = Timeout.InfiniteTimeSpan,
        };
        var server = await QemuNbdServer.WriteAsync(
            pull.Options.Tools, pull.Files.Image, "qcow2", pull.Options.Compress, options, cancellationToken).ConfigureAwait(false);
        return new PullTarget(pull, server, record);
    }

    /// <summary>Puts the image on stable storage.</summary>
    /// <param name="pull">The disk.</param>
    /// <exception cref="IOException">The image cannot be written to stable storage.</exception>
    public static void Flush(DiskPull pull)
    {
        using var folder = OpenFolder.Open(pull.Files.Folder);
        using var image = folder.OpenFile(Path.GetFileName(pull.Files.Image), write: true);
        SafeFile.Flush(image, pull.Files.Name);
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
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

            var begin = first * HashBlock.Size;
            var bytes = chunk.Bytes[begin..(int)Math.Min(i * HashBlock.Size, chunk.Length)];
            if (!chunk.Zero[first])
                await _writer.WriteAsync(bytes, chunk.Offset + begin, cancellationToken).ConfigureAwait(false);
            else
                await ZeroAsync(chunk.Offset + begin, bytes.Length, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => ZeroAsync(chunk.Offset, chunk.Length, cancellationToken);

    /// <inheritdoc/>
    public void Complete(Chunk chunk)
    {
        _record.Add(chunk);
        if (!chunk.IsHole)
            _pull.Meter.Add(chunk.Length, chunk.Length);
    }

    /// <inheritdoc/>
    public async ValueTask SaveIfDueAsync(CancellationToken cancellationToken)
    {
        if (_pull.Options.TimeProvider.GetElapsedTime(_saved) < _pull.Options.JournalInterval)
            return;
        await SaveAsync(cancellationToken).ConfigureAwait(false);
        _saved = _pull.Options.TimeProvider.GetTimestamp();
    }

    /// <inheritdoc/>
    public async Task SaveAfterFailureAsync()
    {
        using var limit = new CancellationTokenSource(LastSaveTimeout);
        try
        {
            await SaveAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            // The caller reports the first failure. The next pull begins where the journal was last written.
        }
    }

    /// <summary>Closes the image, after all blocks were written.</summary>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It was not written or not closed.</exception>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        await _writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        await _server.CloseAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // A new image without a parent is zero already.
    private Task ZeroAsync(long offset, long length, CancellationToken cancellationToken) =>
        _pull.IsIncrement ? _writer.ZeroAsync(offset, length, cancellationToken) : Task.CompletedTask;

    // What is recorded has been answered by the server, so a flush makes it safe. The hashes and the journal come after it.
    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var done = _record.Done;
        await _writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        _record.Save(done);
    }
}

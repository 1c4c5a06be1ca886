using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>The image that a disk is pulled into: a plain one is written here, a compressed one through qemu-nbd.</summary>
internal sealed class PullTarget : IBlockSink, IAsyncDisposable
{
    private static readonly TimeSpan LastSaveTimeout = TimeSpan.FromSeconds(10);

    private readonly DiskPull _pull;
    private readonly IBlockTarget _image;
    private readonly PullRecord _record;
    private long _saved;

    private PullTarget(DiskPull pull, IBlockTarget image, PullRecord record)
    {
        (_pull, _image, _record) = (pull, image, record);
        _saved = pull.Options.TimeProvider.GetTimestamp();
    }

    private QemuNbdServer? Server { get; init; }

    private SafeFileHandle? File { get; init; }

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
        if (!pull.IsPlain)
        {
            var path = OpenFolder.PathOf(image);
            await QemuImage.CreateAsync(
                options.Tools, path, RoundedSizeOf(disk), pull.Backing, options.Compress, cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            ImageWriter.Create(image, disk.Size, pull.Backing);
        }
        catch (IOException e)
        {
            throw pull.WriteFailed(e);
        }
    }

    /// <summary>Opens the image for writing.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="record">Receives what is done.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">It cannot be opened.</exception>
    public static async Task<PullTarget> OpenAsync(DiskPull pull, PullRecord record, CancellationToken cancellationToken)
    {
        if (!pull.IsPlain)
            return await ServeAsync(pull, record, cancellationToken).ConfigureAwait(false);
        var file = OpenImage(pull);
        if (ImageWriter.TryContinue(file, pull.Files.Name, pull.Disk.Size, pull.Backing, record.Done.NextBlock) is { } image)
            return new PullTarget(pull, image, record) { File = file };
        file.Dispose();
        throw new InvalidDataException("somebody else has changed it");
    }

    private static async Task<PullTarget> ServeAsync(DiskPull pull, PullRecord record, CancellationToken cancellationToken)
    {
        var options = new NbdClientOptions
        {
            Connections = pull.Options.Connections,
            TimeProvider = pull.Options.TimeProvider,
            CommandTimeout = Timeout.InfiniteTimeSpan,
        };
        var server = await QemuNbdServer.WriteAsync(
            pull.Options.Tools, pull.Files.Image, "qcow2", pull.Options.Compress, options, cancellationToken).ConfigureAwait(false);
        // A new image without a parent is zero already.
        var image = new NbdWriter(server.Client, isBlank: !pull.IsIncrement, pull.WriteFailed);
        return new PullTarget(pull, image, record) { Server = server };
    }

    /// <summary>Puts the image on stable storage.</summary>
    /// <param name="pull">The disk.</param>
    /// <exception cref="IOException">The image cannot be written to stable storage.</exception>
    public static void Flush(DiskPull pull)
    {
        using var image = OpenImage(pull);
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

        try
        {
            await _image.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw _pull.WriteFailed(e);
        }
    }

    /// <inheritdoc/>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => _image.ZeroAsync(chunk, cancellationToken);

    /// <inheritdoc/>
    public void Complete(Chunk chunk)
    {
        try
        {
            _image.Complete(chunk);
        }
        catch (IOException e)
        {
            throw _pull.WriteFailed(e);
        }

        _record.Add(chunk);
        if (!chunk.IsHole)
            _pull.Meter.Add(chunk.Length, chunk.Length);
    }

    /// <inheritdoc/>
    public async ValueTask SaveIfDueAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _image.PaceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw _pull.WriteFailed(e);
        }

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
        try
        {
            await _image.CloseAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw _pull.WriteFailed(e);
        }

        if (Server is not { } server)
            return;
        await server.CloseAsync(cancellationToken).ConfigureAwait(false);
        if (RoundedSizeOf(_pull.Disk) == _pull.Disk.Size)
            return;
        using var file = OpenImage(_pull);
        await QemuImage.ShrinkAsync(_pull.Options.Tools, OpenFolder.PathOf(file), _pull.Disk.Size, cancellationToken).ConfigureAwait(false);
    }

    // QEMU compresses whole clusters, also at the end: while it is written, the image ends with one.
    private static long RoundedSizeOf(SessionDisk disk) => HashBlock.Count(disk.Size) * HashBlock.Size;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        File?.Dispose();
        return Server?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private static SafeFileHandle OpenImage(DiskPull pull)
    {
        using var folder = OpenFolder.Open(pull.Files.Folder);
        return folder.OpenFile(Path.GetFileName(pull.Files.Image), write: true);
    }

    // What is recorded is in the image, so a flush makes it safe. The hashes and the journal come after it.
    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var done = _record.Done;
        try
        {
            await _image.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw _pull.WriteFailed(e);
        }

        _record.Save(done);
    }
}

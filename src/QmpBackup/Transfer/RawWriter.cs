using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>Writes a disk into an empty file, byte for byte. What is zero stays a hole.</summary>
internal sealed class RawWriter : IBlockTarget
{
    private readonly SafeFileHandle _file;
    private readonly string _name;
    private readonly WriteBehind _behind;

    /// <summary>A writer.</summary>
    /// <param name="file">The file, which is empty.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="size">The disk's size, in bytes.</param>
    /// <exception cref="IOException">The file cannot be as large.</exception>
    public RawWriter(SafeFileHandle file, string name, long size)
    {
        (_file, _name) = (file, name);
        _behind = new WriteBehind(file, name, 0);
        RandomAccess.SetLength(file, size);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var (first, count) in chunk.Runs())
        {
            if (!chunk.Zero[first])
                SafeFile.Write(_file, chunk.BytesOf(first, count).Span, chunk.Offset + (first * HashBlock.Size), _name);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Complete(Chunk chunk) => _behind.Advance(chunk.Offset + chunk.Length);

    /// <inheritdoc/>
    public ValueTask PaceAsync(CancellationToken cancellationToken) => _behind.PaceAsync(cancellationToken);

    /// <inheritdoc/>
    public Task FlushAsync(CancellationToken cancellationToken) => _behind.FlushAsync(isLast: false, cancellationToken);

    /// <inheritdoc/>
    public Task CloseAsync(CancellationToken cancellationToken) => _behind.FlushAsync(isLast: true, cancellationToken);
}

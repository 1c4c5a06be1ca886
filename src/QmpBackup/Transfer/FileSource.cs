using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>Reads the blocks of a disk from a file that was just written, and marks those that its follower has compared already.</summary>
/// <param name="tools">The programs.</param>
/// <param name="file">The file.</param>
/// <param name="format">Its format. A qcow2 image has clusters of the size of a block, and no compressed ones.</param>
/// <param name="size">The disk's size, in bytes.</param>
/// <param name="follower">The follower.</param>
internal sealed class FileSource(QemuTools tools, SafeFileHandle file, ImageFormat format, long size, TargetFollower follower)
    : IBlockSource
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NothingBehind = 6;

    /// <inheritdoc/>
    public long Size => size;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The file has another size, or is another image.</exception>
    public async IAsyncEnumerable<BlockRun> MapAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var runs = format == ImageFormat.Raw ? RawRuns().ToAsyncEnumerable() : ImageRunsAsync(cancellationToken);
        var next = 0L;
        await foreach (var run in runs.ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (next < run.First)
                yield return Hole(next, run.First);
            foreach (var part in follower.Mark(run))
                yield return part;
            next = run.End;
        }

        if (next < HashBlock.Count(size))
            yield return Hole(next, HashBlock.Count(size));
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        var bytes = chunk.Bytes;
        var offset = chunk.Offset + chunk.Shift;
        while (!bytes.IsEmpty)
        {
            var read = await RandomAccess.ReadAsync(file, bytes, offset, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
            bytes = bytes[read..];
            offset += read;
        }

        // An image may end within its last cluster.
        bytes.Span.Clear();
    }

    private static BlockRun Hole(long first, long end) => new(first, end, HasData: false, IsMarked: false);

    private IEnumerable<BlockRun> RawRuns()
    {
        // QEMU rounds a raw file up to a sector.
        if (RandomAccess.GetLength(file) is var length && (length < size || length - size >= 512))
            throw new InvalidDataException($"the file has {length} bytes, the disk has {size}");
        var (next, end) = (0L, HashBlock.Count(size));
        while (next < end)
        {
            var data = Syscalls.Lseek(file, next * HashBlock.Size, SeekData);
            if (data < 0 && Marshal.GetLastPInvokeError() == NothingBehind)
                break;
            // On a file system that does not know its holes, all may be data.
            var hole = data < 0 ? size : Syscalls.Lseek(file, data, SeekHole);
            var first = data < 0 ? next : data / HashBlock.Size;
            next = hole < 0 ? end : Math.Min(HashBlock.Count(hole), end);
            if (first < next)
                yield return new BlockRun(first, next, HasData: true, IsMarked: false);
        }
    }

    private async IAsyncEnumerable<BlockRun> ImageRunsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var line in QemuImage.MapAsync(tools, OpenFolder.PathOf(file), "qcow2", cancellationToken).ConfigureAwait(false))
        {
            if (Parse(line) is { } run)
                yield return run;
        }
    }

    // [{ "start": 0, "length": 65536, "depth": 0, "present": true, "zero": false, "data": true, "offset": 327680},
    private static BlockRun? Parse(string line)
    {
        var text = line.AsSpan().Trim("[], ");
        if (text.IsEmpty)
            return null;
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text.ToString()));
        long start = -1, length = -1, offset = -1;
        bool zero = false, compressed = false;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                    continue;
                var name = reader.GetString();
                reader.Read();
                if (name == "start")
                    start = reader.GetInt64();
                else if (name == "length")
                    length = reader.GetInt64();
                else if (name == "offset")
                    offset = reader.GetInt64();
                else if (name == "zero")
                    zero = reader.GetBoolean();
                else if (name == "compressed")
                    compressed = reader.GetBoolean();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Unknown(e);
        }

        // An image of no bytes has one entry, of no bytes.
        if (zero || length == 0)
            return null;
        // The last cluster may be longer than the part of it that is the disk's.
        if (compressed || start < 0 || length <= 0 || offset < 0 || start % HashBlock.Size != 0 || offset % HashBlock.Size != 0)
            throw Unknown();
        var first = start / HashBlock.Size;
        return new BlockRun(first, first + HashBlock.Count(length), HasData: true, IsMarked: false, (offset / HashBlock.Size) - first);
    }

    private static InvalidDataException Unknown(Exception? inner = null) =>
        new("qemu-img does not say where in the file the data is", inner);
}

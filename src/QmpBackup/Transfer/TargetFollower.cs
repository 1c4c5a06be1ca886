using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>
/// Follows a program that writes a disk's data to a file in the disk's order, and compares each block with its hash as soon as it is there. A block that is not the right one
/// is one that is not written yet, or not where it was looked for: that is for the check at the end to decide, which reads whatever was not seen here.
/// </summary>
internal sealed class TargetFollower : IDisposable
{
    // Between two clusters of data there may be a few of metadata.
    private const int LookAhead = 16;
    private const int MaxRuns = 1 << 17;
    private const int WritebackBlocks = 512;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly SafeFileHandle _file;
    private readonly bool _isRaw;
    private readonly HashLayers _hashes;
    private readonly ProgressMeter _meter;
    private readonly TimeProvider _time;
    private readonly List<Seen> _seen = [];
    private long _next;
    private long _written;
    private int _cursor;

    /// <summary>A follower.</summary>
    /// <param name="file">The file, which is not disposed of.</param>
    /// <param name="format">Its format.</param>
    /// <param name="hashFiles">The files of hashes, the point's own first.</param>
    /// <param name="meter">Is told.</param>
    /// <param name="time">The clock.</param>
    public TargetFollower(SafeFileHandle file, ImageFormat format, IEnumerable<HashSource> hashFiles, ProgressMeter meter, TimeProvider time)
    {
        (_file, _isRaw, _meter, _time) = (file, format == ImageFormat.Raw, meter, time);
        _hashes = HashLayers.Open(hashFiles);
    }

    /// <summary>Room for a block.</summary>
    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(HashBlock.Size);

    /// <summary>The block up to which the file was followed.</summary>
    public long Position { get; private set; }

    /// <summary>Follows until all is seen or the writer has ended.</summary>
    /// <param name="writing">The writer.</param>
    public async Task FollowAsync(Task writing)
    {
        var blocks = HashBlock.Count(_hashes.DiskSize);
        while (Position < blocks)
        {
            var expected = _hashes.At(Position);
            var end = Math.Min(expected.End, blocks);
            if (expected.Kind != HashKind.Data)
            {
                Position = end;
                continue;
            }

            while (Position < end)
            {
                var shift = Find(Position, expected.Hashes![Position]);
                if (shift is null)
                {
                    if (writing.IsCompleted)
                        return;
                    await Task.WhenAny(writing, Task.Delay(Pause, _time)).ConfigureAwait(false);
                }
                else if (!Remember(Position, shift.Value))
                {
                    return;
                }
                else
                {
                    var length = Math.Min(HashBlock.Size, _hashes.DiskSize - (Position * HashBlock.Size));
                    Position++;
                    _meter.Add(length, length);
                }
            }
        }
    }

    /// <summary>Whether a block was seen in the file, and right. Blocks are to be asked for in ascending order.</summary>
    /// <param name="block">A block of data.</param>
    /// <param name="shift">How many blocks behind its place on the disk it is in the file.</param>
    public bool HasSeen(long block, long shift)
    {
        while (_cursor < _seen.Count && _seen[_cursor].End <= block)
            _cursor++;
        return _cursor < _seen.Count && _seen[_cursor].First <= block && _seen[_cursor].Shift == shift;
    }

    /// <inheritdoc/>
    public void Dispose() => _hashes.Dispose();

    private long? Find(long block, BlockHash hash)
    {
        var bytes = Buffer.AsSpan(0, (int)Math.Min(HashBlock.Size, _hashes.DiskSize - (block * HashBlock.Size)));
        var first = _isRaw ? block : _next;
        for (var at = first; at < first + (_isRaw ? 1 : LookAhead); at++)
        {
            if (RandomAccess.Read(_file, bytes, at * HashBlock.Size) < bytes.Length)
                return null;
            if (BlockHash.Of(bytes) != hash)
                continue;
            _next = at + 1;
            // The flush at the end is short if the disk has not been idle until then.
            if (_next - _written >= WritebackBlocks)
            {
                SafeFile.BeginWriteback(_file, _written * HashBlock.Size, (_next - _written) * HashBlock.Size);
                _written = _next;
            }

            return at - block;
        }

        return null;
    }

    private bool Remember(long block, long shift)
    {
        // What is between two blocks with the same shift is no data, and not asked for.
        if (_seen.Count > 0 && _seen[^1].Shift == shift)
            _seen[^1] = _seen[^1] with { End = block + 1 };
        else if (_seen.Count == MaxRuns)
            return false;
        else
            _seen.Add(new Seen(block, block + 1, shift));
        return true;
    }

    private readonly record struct Seen(long First, long End, long Shift);
}

using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>
/// Follows a program that writes a disk's data to a file in the disk's order, and compares each block with its hash as soon as it is there.
/// A block that differs is not written yet, or is in another place. The check at the end decides which: it reads whatever was not seen
/// here.
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
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(HashBlock.Size);
    private long _position;
    private long _next;
    private long _written;
    private int _cursor;

    /// <summary>A follower.</summary>
    /// <param name="file">The file, which is not disposed of.</param>
    /// <param name="format">Its format.</param>
    /// <param name="hashFiles">The files of hashes, the point's own first.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="time">The clock.</param>
    public TargetFollower(
        SafeFileHandle file, ImageFormat format, IEnumerable<HashSource> hashFiles, ProgressMeter meter, TimeProvider time)
    {
        (_file, _isRaw, _meter, _time) = (file, format == ImageFormat.Raw, meter, time);
        _hashes = HashLayers.Open(hashFiles);
    }

    /// <summary>Follows until everything was seen or the writer has ended.</summary>
    /// <param name="writing">The writer.</param>
    public async Task FollowAsync(Task writing)
    {
        var blocks = HashBlock.Count(_hashes.DiskSize);
        while (_position < blocks)
        {
            var expected = _hashes.At(_position);
            var end = Math.Min(expected.End, blocks);
            if (expected.Kind != HashKind.Data)
            {
                _position = end;
                continue;
            }

            while (_position < end)
            {
                var shift = Find(_position, expected.Hashes![_position]);
                if (shift is null)
                {
                    if (writing.IsCompleted)
                        return;
                    await Task.WhenAny(writing, Task.Delay(Pause, _time)).ConfigureAwait(false);
                }
                else if (!Remember(_position, shift.Value))
                {
                    return;
                }
                else
                {
                    var length = Math.Min(HashBlock.Size, _hashes.DiskSize - (_position * HashBlock.Size));
                    _position++;
                    _meter.Add(length, length);
                }
            }
        }
    }

    /// <summary>
    /// Cuts a run where what was seen in the file begins and ends, and marks what was seen. Called for ascending runs, after the writer has
    /// ended.
    /// </summary>
    /// <param name="run">A run of data in the file.</param>
    public IEnumerable<BlockRun> Mark(BlockRun run)
    {
        for (var next = run.First; next < run.End;)
        {
            while (_cursor < _seen.Count && _seen[_cursor].End <= next)
                _cursor++;
            var seen = _cursor < _seen.Count ? _seen[_cursor] : new Seen(run.End, run.End, 0);
            var isSeen = seen.First <= next;
            var end = Math.Min(isSeen ? seen.End : seen.First, run.End);
            yield return run with { First = next, End = end, IsMarked = isSeen && seen.Shift == run.Shift };
            next = end;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hashes.Dispose();

    private long? Find(long block, BlockHash hash)
    {
        var bytes = _buffer.AsSpan(0, (int)Math.Min(HashBlock.Size, _hashes.DiskSize - (block * HashBlock.Size)));
        var first = _isRaw ? block : _next;
        for (var at = first; at < first + (_isRaw ? 1 : LookAhead); at++)
        {
            if (RandomAccess.Read(_file, bytes, at * HashBlock.Size) < bytes.Length)
                return null;
            if (BlockHash.Of(bytes) != hash)
                continue;
            _next = at + 1;
            // The flush at the end is short if the disk was busy before.
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
        // What is between two blocks with the same shift has no hash: the check reads it although it is marked.
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

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>
/// Writes a plain qcow2 image, once, from the beginning of the disk to its end. Data is appended to the file as it comes; the map is made
/// in the order of the disk, so one table of it is in memory. What is complete is a sound image whenever it was flushed.
/// </summary>
internal sealed class ImageWriter : IBlockTarget
{
    /// <summary>The largest disk that an image can be written for: QEMU bounds the tables of larger ones.</summary>
    public const long MaxSize = 1L << 50;

    private const int GroupClusters = HashBlock.Size / sizeof(ushort);
    private const ulong InUse = 1UL << 63;
    private const ulong ReadsAsZero = 1;

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _file;
    private readonly string _name;
    private readonly Qcow2Header _header;
    private readonly WriteBehind _behind;

    // The table of level 1; where each block of refcounts is; what is not in use before the end.
    private readonly ulong[] _map;
    private readonly List<long> _counters = [];
    private readonly List<(long First, long End)> _free;

    // The table of level 2 that is being filled.
    private readonly byte[] _table = new byte[HashBlock.Size];
    private long _tableNumber;
    private bool _hasChanged;
    private long _end;
    private long _counted;
    private bool _hasFailed;

    private ImageWriter(SafeFileHandle file, string name, ImageScan scan)
    {
        (_file, _name, _header, _map, _free, _end) = (file, name, scan.Header, scan.Map, scan.Free, scan.End);
        _behind = new WriteBehind(file, name, _end * HashBlock.Size);
        (_tableNumber, _hasChanged) = (scan.LastTable, scan.LastTable >= 0 && _map[scan.LastTable] != 0);
        scan.Table.CopyTo(_table, 0);
        lock (_lock)
            CountUpToEnd();
    }

    /// <summary>Makes an image of a disk of zeroes.</summary>
    /// <param name="file">An empty file.</param>
    /// <param name="size">The disk's size, in bytes: at most <see cref="MaxSize"/>.</param>
    /// <param name="backing">The name of the backing file; null for none.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Create(SafeFileHandle file, long size, string? backing)
    {
        var header = Qcow2Header.Make(size, backing);
        RandomAccess.SetLength(file, header.MapOffset + Math.Max(1, Qcow2Header.TablesOf(size)) * sizeof(ulong));
        RandomAccess.Write(file, header.ToBytes(), 0);
    }

    /// <summary>Continues an image, or begins with an empty one.</summary>
    /// <param name="file">The image, open for reading and writing. Not disposed of.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="size">The disk's size, in bytes.</param>
    /// <param name="backing">The name of the backing file; null for none.</param>
    /// <param name="next">
    /// The first block that is still to be written. What the file says about it and those behind it is forgotten.
    /// </param>
    /// <returns>Null where the image is another one, or not plain, or damaged.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ImageWriter? TryContinue(SafeFileHandle file, string name, long size, string? backing, long next)
    {
        try
        {
            var header = Qcow2Header.Read(file, name);
            if (!header.IsPlain || header.Size != size || header.BackingFile != backing || size > MaxSize
                || ImageScan.TryRun(file, header, next) is not { } scan)
            {
                return null;
            }

            // What was written behind the last save is of no use.
            RandomAccess.SetLength(file, Math.Max(scan.End * HashBlock.Size, header.MapOffset + (scan.Map.Length * sizeof(ulong))));
            return new ImageWriter(file, name, scan);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var (first, count) in chunk.Runs())
        {
            if (chunk.Zero[first])
                continue;
            var place = Allocate(chunk.First + first, count);
            Write(chunk.BytesOf(first, count).Span, place * HashBlock.Size);
            for (var i = 0; i < count; i++)
                chunk.Places[first + i] = place + i;
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Complete(Chunk chunk)
    {
        for (var i = 0L; i < chunk.Count; i++)
        {
            if (!chunk.IsHole && !chunk.Zero[i])
                Set(chunk.First + i, ((ulong)chunk.Places[i] * HashBlock.Size) | InUse);
            else if (_header.BackingFile is not null)
                SetZero(chunk.First + i);
            // Without a backing file, what is not mapped is zero.
            else if (chunk.IsHole)
                break;
        }

        _behind.Advance(Volatile.Read(ref _end) * HashBlock.Size);
    }

    /// <inheritdoc/>
    public ValueTask PaceAsync(CancellationToken cancellationToken) => _behind.PaceAsync(cancellationToken);

    /// <inheritdoc/>
    public Task FlushAsync(CancellationToken cancellationToken) => SaveAsync(isLast: false, cancellationToken);

    /// <inheritdoc/>
    public Task CloseAsync(CancellationToken cancellationToken) => SaveAsync(isLast: true, cancellationToken);

    // A write or a flush that failed may succeed the second time and still have lost something.
    private async Task SaveAsync(bool isLast, CancellationToken cancellationToken)
    {
        if (_hasFailed)
            throw new IOException($"{_name} could not be written before.");
        _hasFailed = true;
        await Task.Run(() => WriteTables(isLast), CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
        await _behind.FlushAsync(isLast, cancellationToken).ConfigureAwait(false);
        _hasFailed = false;
    }

    private void WriteTables(bool isLast)
    {
        WriteTable();
        WriteCounters(isLast);
        var map = new byte[_map.Length * sizeof(ulong)];
        for (var i = 0; i < _map.Length; i++)
            BinaryPrimitives.WriteUInt64BigEndian(map.AsSpan(i * sizeof(ulong)), Volatile.Read(ref _map[i]));
        Write(map, _header.MapOffset);
        // Not while data is being written behind it.
        if (isLast)
            RandomAccess.SetLength(_file, _end * HashBlock.Size);
    }

    private long Allocate(long block, int count)
    {
        lock (_lock)
        {
            RequireTable(block / Qcow2Header.TableEntries);
            RequireTable((block + count - 1) / Qcow2Header.TableEntries);
            return Take(count);
        }
    }

    private void RequireTable(long number)
    {
        if (_map[number] == 0)
            _map[number] = ((ulong)Take(1) * HashBlock.Size) | InUse;
    }

    private long Take(int count)
    {
        for (var i = _free.Count - 1; i >= 0; i--)
        {
            var (first, end) = _free[i];
            if (end - first < count)
                continue;
            if (end - first == count)
                _free.RemoveAt(i);
            else
                _free[i] = (first + count, end);
            return first;
        }

        var taken = _end;
        _end += count;
        CountUpToEnd();
        return taken;
    }

    // Each block of refcounts is a cluster that is counted, too.
    private void CountUpToEnd()
    {
        while ((long)_counters.Count * GroupClusters < _end)
        {
            if (_counters.Count * sizeof(ulong) >= _header.CountersLength)
                throw new IOException($"{_name} has no room for more clusters.");
            _counters.Add(_end++);
        }
    }

    private void Set(long block, ulong entry)
    {
        var number = block / Qcow2Header.TableEntries;
        if (number != _tableNumber)
        {
            WriteTable();
            _tableNumber = number;
            _table.AsSpan().Clear();
        }

        BinaryPrimitives.WriteUInt64BigEndian(_table.AsSpan((int)(block % Qcow2Header.TableEntries) * sizeof(ulong)), entry);
        _hasChanged = true;
    }

    private void SetZero(long block)
    {
        if (block / Qcow2Header.TableEntries is var number && number != _tableNumber)
        {
            lock (_lock)
                RequireTable(number);
        }

        Set(block, ReadsAsZero);
    }

    private void WriteTable()
    {
        if (!_hasChanged)
            return;
        Write(_table, (long)(Volatile.Read(ref _map[_tableNumber]) & ~InUse));
        _hasChanged = false;
    }

    // The blocks of refcounts that are new since the last time, and the table of them; in the end all, as gaps may have been filled.
    private void WriteCounters(bool isLast)
    {
        long end, from;
        long[] counters;
        (long First, long End)[] free;
        lock (_lock)
            (end, from, counters, free) = (_end, isLast ? 0 : _counted, [.. _counters], [.. _free]);
        var bytes = new byte[HashBlock.Size];
        var counts = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan());
        var one = BinaryPrimitives.ReverseEndianness((ushort)1);
        Span<byte> entry = stackalloc byte[sizeof(ulong)];
        for (var group = from; group < counters.Length; group++)
        {
            var first = group * GroupClusters;
            counts.Clear();
            counts[..(int)Math.Clamp(end - first, 0, GroupClusters)].Fill(one);
            foreach (var gap in free)
            {
                var (begin, until) = (Math.Max(gap.First - first, 0), Math.Min(gap.End - first, GroupClusters));
                if (begin < until)
                    counts[(int)begin..(int)until].Clear();
            }

            Write(bytes, counters[group] * HashBlock.Size);
            BinaryPrimitives.WriteInt64BigEndian(entry, counters[group] * HashBlock.Size);
            Write(entry, _header.CountersOffset + (group * sizeof(ulong)));
        }

        _counted = end / GroupClusters;
    }

    private void Write(ReadOnlySpan<byte> bytes, long offset) => SafeFile.Write(_file, bytes, offset, _name);
}

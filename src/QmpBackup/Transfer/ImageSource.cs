using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>
/// Reads the blocks of a plain qcow2 image, and of those below it, without any other program. The map marks what the topmost image itself
/// holds. Nothing in the files is trusted: the most memory that a file can make this take is a few KiB for each image.
/// </summary>
internal sealed class ImageSource : IBlockSource, IDisposable
{
    private const int TableEntries = Qcow2Header.TableEntries;
    private const long Unknown = -1;
    private const long Zero = 0;

    private readonly ImageChain _chain;
    private readonly List<Level> _levels;

    // Where each block of the stretch that one table maps is, and in which image.
    private readonly long[] _places = new long[TableEntries];
    private readonly int[] _owners = new int[TableEntries];
    private readonly byte[] _table = new byte[HashBlock.Size];

    private ImageSource(ImageChain chain)
    {
        _chain = chain;
        _levels = [.. chain.Levels.Select(l => new Level(l))];
    }

    /// <inheritdoc/>
    public long Size => _chain.Levels[0].Header.Size;

    /// <summary>Opens an image and those below it.</summary>
    /// <param name="path">The image.</param>
    /// <param name="alone">Whether what it is built on is left out. It reads as zeroes then.</param>
    /// <returns>Null where one of them is not plain, so that QEMU's programs have to read it.</returns>
    /// <exception cref="IOException">One is missing, or cannot be read.</exception>
    /// <exception cref="InvalidDataException">One is not an image that qbackup has made.</exception>
    public static ImageSource? TryOpen(string path, bool alone)
    {
        var chain = ImageChain.Open(path, alone);
        try
        {
            if (chain.Levels.All(l => l.Header.IsPlain))
                return new ImageSource(chain);
        }
        catch
        {
            chain.Dispose();
            throw;
        }

        chain.Dispose();
        return null;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">A table is damaged.</exception>
    /// <exception cref="NotPlainException">A cluster is compressed.</exception>
    public async IAsyncEnumerable<BlockRun> MapAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var blocks = HashBlock.Count(Size);
        BlockRun? pending = null;
        for (var first = 0L; first < blocks; first += TableEntries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = (int)Math.Min(TableEntries, blocks - first);
            var isEmpty = !TryResolve(first / TableEntries, count);
            for (var i = 0; i < count;)
            {
                var run = isEmpty ? new BlockRun(first, first + count, HasData: false, IsMarked: false) : RunAt(first, i, count);
                i += (int)(run.End - run.First);
                if (pending is { } before && (before with { First = run.First, End = run.End }) == run)
                {
                    pending = before with { End = run.End };
                    continue;
                }

                if (pending is { } whole)
                    yield return whole;
                pending = run;
            }
        }

        if (pending is { } last)
            yield return last;
        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ReadAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        var bytes = chunk.Bytes;
        var file = _levels[chunk.Level].File;
        var offset = chunk.Offset + chunk.Shift;
        while (!bytes.IsEmpty)
        {
            int read;
            try
            {
                read = await RandomAccess.ReadAsync(file, bytes, offset, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new ImageReadException(_chain.Levels[chunk.Level].Name, e);
            }

            if (read == 0)
                break;
            bytes = bytes[read..];
            offset += read;
        }

        // An image may end within its last cluster. What should be there and is not differs from its hash.
        bytes.Span.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => _chain.Dispose();

    // The blocks from one on that are alike, and one behind the other in the same file.
    private BlockRun RunAt(long first, int from, int count)
    {
        var (place, owner) = (_places[from], _owners[from]);
        var to = from + 1;
        if (place <= Zero)
        {
            while (to < count && _places[to] == place && IsOwnZero(to) == IsOwnZero(from))
                to++;
            return new BlockRun(first + from, first + to, HasData: false, IsOwnZero(from));
        }

        while (to < count && _places[to] == place + to - from && _owners[to] == owner)
            to++;
        return new BlockRun(first + from, first + to, HasData: true, owner == 0, place - first - from, owner);
    }

    private bool IsOwnZero(int index) => _places[index] == Zero && _owners[index] == 0;

    // From the topmost image down, until it is known of each block where it is.
    private bool TryResolve(long number, int count)
    {
        var isAny = false;
        var unknown = count;
        for (var owner = 0; owner < _levels.Count && unknown > 0; owner++)
        {
            if (!_levels[owner].TryReadTable(number, _table))
                continue;
            if (!isAny)
                Array.Fill(_places, Unknown);
            isAny = true;
            unknown -= Resolve(owner, (int)Math.Min(count, _levels[owner].Blocks - (number * TableEntries)));
        }

        return isAny;
    }

    private int Resolve(int owner, int count)
    {
        var found = 0;
        for (var i = 0; i < count; i++)
        {
            if (_places[i] != Unknown)
                continue;
            var entry = BinaryPrimitives.ReadUInt64BigEndian(_table.AsSpan(i * sizeof(ulong)));
            if (entry == 0)
                continue;
            if (_levels[owner].PlaceOf(entry) is not { } place)
                continue;
            (_places[i], _owners[i]) = (place, owner);
            found++;
        }

        return found;
    }

    // The tables of one image.
    private sealed class Level
    {
        private const ulong OffsetBits = 0x00ff_ffff_ffff_fe00;
        private const ulong Compressed = 1UL << 62;
        private const ulong ReadsAsZero = 1;

        // 4 KiB of the table of level 1 at a time: 256 GiB of the disk.
        private const int WindowEntries = 512;

        private readonly string _name;
        private readonly Qcow2Header _header;
        private readonly long _length;
        private readonly long _tables;
        private byte[] _window = [];
        private long _windowNumber = -1;

        public Level(ImageLevel level)
        {
            (_name, File, _header) = (level.Name, level.File, level.Header);
            _length = RandomAccess.GetLength(File);
            _tables = Qcow2Header.TablesOf(_header.Size);
            Blocks = HashBlock.Count(_header.Size);
        }

        public SafeFileHandle File { get; }

        public long Blocks { get; }

        // False where the image has no block in the stretch of the table.
        public bool TryReadTable(long number, byte[] table)
        {
            if (number >= _tables)
                return false;
            if (_windowNumber != number / WindowEntries)
            {
                _windowNumber = number / WindowEntries;
                _window = new byte[Math.Min(WindowEntries, _tables - (_windowNumber * WindowEntries)) * sizeof(ulong)];
                Read(_window, _header.MapOffset + (_windowNumber * WindowEntries * sizeof(ulong)));
            }

            var entry = BinaryPrimitives.ReadUInt64BigEndian(_window.AsSpan((int)(number % WindowEntries) * sizeof(ulong)));
            var offset = (long)(entry & OffsetBits);
            if (offset == 0)
                return false;
            if (offset % HashBlock.Size != 0 || offset > _length - HashBlock.Size)
                throw Damaged();
            Read(table, offset);
            return true;
        }

        // The number of a cluster in the file; zero for zeroes, null where the image does not hold the block.
        public long? PlaceOf(ulong entry)
        {
            if ((entry & Compressed) != 0)
                throw new NotPlainException($"{_name} has compressed clusters");
            var offset = (long)(entry & OffsetBits);
            if (offset % HashBlock.Size != 0)
                throw Damaged();
            return (entry & ReadsAsZero) != 0 ? Zero : offset == 0 ? null : offset / HashBlock.Size;
        }

        private void Read(Span<byte> bytes, long offset)
        {
            try
            {
                if (!File.TryRead(bytes, offset))
                    throw Damaged();
            }
            catch (IOException e)
            {
                throw new ImageReadException(_name, e);
            }
        }

        private InvalidDataException Damaged() => new($"{_name} has a damaged map");
    }
}

/// <summary>The file system does not give what is in an image.</summary>
/// <param name="name">The image.</param>
/// <param name="failure">What it says.</param>
internal sealed class ImageReadException(string name, IOException failure)
    : Exception($"{name} cannot be read: {FileFailure.ReasonOf(failure)}", failure);

/// <summary>An image has what only QEMU's programs can read, although its header does not say so.</summary>
/// <param name="message">What it has.</param>
internal sealed class NotPlainException(string message) : Exception(message);

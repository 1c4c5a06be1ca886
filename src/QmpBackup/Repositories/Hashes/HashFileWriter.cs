using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;

namespace QmpBackup.Repositories.Hashes;

/// <summary>Writes a file of hashes, in ascending order of the blocks.</summary>
internal sealed class HashFileWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly XxHash128 _digest = new();
    private readonly byte[] _run = new byte[HashFileHeader.RunLength + (HashFileHeader.MaxDataRun * HashBlock.HashLength)];
    private HashKind _kind;
    private long _first;
    private long _count;
    private bool _hasFailed;

    private HashFileWriter(FileStream file) => _file = file;

    /// <summary>The digest of all that was written, as text.</summary>
    public string Digest => Text(_digest.GetCurrentHashAsUInt128());

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="diskSize">The disk's size, in bytes.</param>
    public static HashFileWriter Create(string path, long diskSize)
    {
        var writer = new HashFileWriter(new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read));
        Span<byte> header = stackalloc byte[HashFileHeader.Length];
        HashFileHeader.Write(header, diskSize);
        writer.Put(header);
        return writer;
    }

    /// <summary>Goes on with a file of which the first bytes are known to be good.</summary>
    /// <param name="path">Where.</param>
    /// <param name="length">How many bytes are good: what <see cref="Commit"/> returned.</param>
    public static HashFileWriter Continue(string path, long length)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        var writer = new HashFileWriter(file);
        try
        {
            if (file.Length < length) throw new IOException($"{path} is shorter than it was.");
            file.SetLength(length);
            writer._digest.Append(file);
            return writer;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds a block of data.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="hash">Its hash.</param>
    public void Add(long block, UInt128 hash)
    {
        if (_kind != HashKind.Data || block != _first + _count || _count == HashFileHeader.MaxDataRun) Begin(HashKind.Data, block);
        BinaryPrimitives.WriteUInt128LittleEndian(_run.AsSpan(HashFileHeader.RunLength + ((int)_count * HashBlock.HashLength)), hash);
        _count++;
    }

    /// <summary>Adds blocks of zeroes.</summary>
    /// <param name="block">The first one's number.</param>
    /// <param name="count">How many.</param>
    public void AddZeroes(long block, long count)
    {
        while (count > 0)
        {
            if (_kind != HashKind.Zero || block != _first + _count || _count == int.MaxValue) Begin(HashKind.Zero, block);
            var step = Math.Min(count, int.MaxValue - _count);
            _count += step;
            block += step;
            count -= step;
        }
    }

    /// <summary>Puts all that was added on stable storage.</summary>
    /// <returns>The file's length.</returns>
    /// <exception cref="IOException">It cannot be, or something failed before: then it never can be again.</exception>
    public long Commit()
    {
        Begin(HashKind.Inherited, 0);
        Attempt();
        _file.Flush();
        SafeFile.Flush(_file.SafeFileHandle, _file.Name);
        _hasFailed = false;
        return _file.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // What was not committed is of no use to anybody, and the first failure is the one to be told.
        }
    }

    internal static string Text(UInt128 hash) => hash.ToString("x32", CultureInfo.InvariantCulture);

    private void Begin(HashKind kind, long block)
    {
        if (_kind != HashKind.Inherited)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_run, _first);
            BinaryPrimitives.WriteInt32LittleEndian(_run.AsSpan(8), (int)_count);
            BinaryPrimitives.WriteInt32LittleEndian(_run.AsSpan(12), (int)_kind);
            Put(_run.AsSpan(0, HashFileHeader.RunLength + (_kind == HashKind.Data ? (int)_count * HashBlock.HashLength : 0)));
        }

        (_kind, _first, _count) = (kind, block, 0);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        Attempt();
        _digest.Append(bytes);
        _file.Write(bytes);
        _hasFailed = false;
    }

    // What failed once may succeed the second time and is wrong all the same: a write may have come half, and Linux tells an error of writeback once,
    // then takes the lost pages for written.
    private void Attempt()
    {
        if (_hasFailed) throw new IOException($"{_file.Name} could not be written before.");
        _hasFailed = true;
    }
}

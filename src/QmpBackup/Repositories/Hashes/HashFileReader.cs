using System.Buffers.Binary;
using System.IO.Hashing;

namespace QmpBackup.Repositories.Hashes;

/// <summary>Reads a file of hashes, run by run, from the first block to the last.</summary>
internal sealed class HashFileReader : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;
    private readonly byte[] _hashes = new byte[HashFileHeader.MaxDataRun * HashBlock.HashLength];

    private HashFileReader(FileStream file, string path) => (_file, _path) = (file, path);

    /// <summary>The disk's size, in bytes.</summary>
    public long DiskSize { get; private set; }

    /// <summary>What the current run says; <see cref="HashKind.Inherited"/> before the first and after the last.</summary>
    public HashKind Kind { get; private set; }

    /// <summary>The current run's first block.</summary>
    public long First { get; private set; }

    /// <summary>The block behind the current run; <see cref="long.MaxValue"/> after the last.</summary>
    public long End { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is no file of hashes.</exception>
    public static HashFileReader Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024, FileOptions.SequentialScan);
        try
        {
            Span<byte> header = stackalloc byte[HashFileHeader.Length];
            var reader = new HashFileReader(file, path);
            if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || HashFileHeader.Read(header) is not { } size)
                throw reader.Damaged();
            reader.DiskSize = size;
            return reader;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The digest of a file, as text.</summary>
    /// <param name="path">The file.</param>
    public static string DigestOf(string path)
    {
        var digest = new XxHash128();
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
        digest.Append(file);
        return HashFileWriter.Text(digest.GetCurrentHashAsUInt128());
    }

    /// <summary>Goes on to the run that holds <paramref name="block"/>, or to the first one behind it. Never goes back.</summary>
    /// <param name="block">A block's number.</param>
    public void SeekTo(long block)
    {
        while (End <= block) Next();
    }

    /// <summary>The hash of a block of the current run, which is one of data.</summary>
    /// <param name="block">The block's number.</param>
    public UInt128 this[long block] => BinaryPrimitives.ReadUInt128LittleEndian(_hashes.AsSpan((int)(block - First) * HashBlock.HashLength));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Next()
    {
        Span<byte> run = stackalloc byte[HashFileHeader.RunLength];
        var read = _file.ReadAtLeast(run, run.Length, throwOnEndOfStream: false);
        if (read == 0)
        {
            (Kind, First, End) = (HashKind.Inherited, long.MaxValue, long.MaxValue);
            return;
        }

        var first = BinaryPrimitives.ReadInt64LittleEndian(run);
        var count = BinaryPrimitives.ReadInt32LittleEndian(run[8..]);
        var kind = (HashKind)BinaryPrimitives.ReadInt32LittleEndian(run[12..]);
        var blocks = HashBlock.Count(DiskSize);
        if (read < run.Length || first < End || count <= 0 || first > blocks - count || kind is not (HashKind.Data or HashKind.Zero)
            || (kind == HashKind.Data && count > HashFileHeader.MaxDataRun))
        {
            throw Damaged();
        }

        if (kind == HashKind.Data)
        {
            var hashes = _hashes.AsSpan(0, count * HashBlock.HashLength);
            if (_file.ReadAtLeast(hashes, hashes.Length, throwOnEndOfStream: false) < hashes.Length) throw Damaged();
        }

        (Kind, First, End) = (kind, first, first + count);
    }

    private InvalidDataException Damaged() => new($"{Path.GetFileName(_path)} is damaged");
}

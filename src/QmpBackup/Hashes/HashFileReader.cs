using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Hashes;

/// <summary>A file of hashes, and the digest that it must have.</summary>
/// <param name="Path">The file.</param>
/// <param name="Digest">The digest that the point names.</param>
internal sealed record HashSource(string Path, string Digest);

/// <summary>
/// Reads a file of hashes, anywhere in it. Everything is compared before it is used: the root with the digest that the point names, and
/// each node with the hash in the node above it. One node of each level is in memory.
/// </summary>
internal sealed class HashFileReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _name;
    private readonly long _blocks;
    private readonly long _end;
    private readonly (HashKind Kind, long Offset, BlockHash Hash) _root;
    private readonly HashNode[] _nodes;
    private byte[] _bytes = [];

    private HashFileReader(SafeFileHandle file, string name)
    {
        (_file, _name) = (file, name);
        Span<byte> header = stackalloc byte[HashFileHeader.Length];
        Span<byte> root = stackalloc byte[HashFileHeader.RootLength];
        _end = RandomAccess.GetLength(file) - root.Length;
        if (_end < header.Length || !_file.TryRead(header, 0) || HashFileHeader.Read(header) is not { } size
            || !_file.TryRead(root, _end) || HashFileHeader.ReadRoot(root) is not { } found)
        {
            throw Altered();
        }

        (DiskSize, _blocks, _root) = (size, HashBlock.Count(size), found);
        _nodes = new HashNode[HashNode.LevelsOf(_blocks)];
        Digest = HashFileHeader.Digest(size, found.Kind, found.Hash).ToString();
    }

    /// <summary>The disk's size, in bytes.</summary>
    public long DiskSize { get; }

    /// <summary>The digest of the file.</summary>
    public string Digest { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="InvalidDataException">The file does not have that digest.</exception>
    public static HashFileReader Open(HashSource source)
    {
        var file = FolderFiles.OpenRead(source.Path);
        try
        {
            var reader = new HashFileReader(file, Path.GetFileName(source.Path));
            return reader.Digest == source.Digest ? reader : throw reader.Altered();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The size of the disk that a file is of, in bytes.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="InvalidDataException">The file does not have that digest.</exception>
    public static long SizeOf(HashSource source)
    {
        using var reader = Open(source);
        return reader.DiskSize;
    }

    /// <summary>Reads a file from end to end, and finds any alteration.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="InvalidDataException">The file does not have that digest.</exception>
    public static void Check(HashSource source)
    {
        using var reader = Open(source);
        var end = reader._root.Kind == HashKind.Data
            ? reader.Check(reader._nodes.Length - 1, 0, reader._root.Offset, reader._root.Hash, HashFileHeader.Length)
            : HashFileHeader.Length;
        if (end != reader._end)
            throw reader.Altered();
    }

    /// <summary>What the point says about a block, and the run around it of which it says the same.</summary>
    /// <param name="block">A block of the disk.</param>
    /// <exception cref="InvalidDataException">The file was altered here.</exception>
    public (HashKind Kind, long First, long End) Find(long block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, _blocks);
        if (_root.Kind != HashKind.Data)
            return (_root.Kind, 0, _blocks);
        var (offset, hash) = (_root.Offset, _root.Hash);
        for (var level = _nodes.Length - 1; ; level--)
        {
            var node = Load(level, block, offset, hash);
            var index = node.IndexOf(block);
            var kind = node.KindOf(index);
            if (kind == HashKind.Data && level > 0)
            {
                (offset, hash) = (node.OffsetOf(index), node.HashOf(index));
                continue;
            }

            var (first, end) = node.RunOf(index);
            var begin = node.Number * HashNode.Children;
            return (kind, (begin + first) * HashNode.BlocksOf(level), Math.Min((begin + end) * HashNode.BlocksOf(level), _blocks));
        }
    }

    /// <summary>The hash of a block of the run that was found last, which must be a run of data.</summary>
    /// <param name="block">The block's number.</param>
    public BlockHash this[long block] => _nodes[0].HashOf(_nodes[0].IndexOf(block));

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private HashNode Load(int level, long block, long offset, BlockHash hash)
    {
        var node = _nodes[level] ??= new HashNode(level);
        if (node.Number != node.NumberOf(block))
            _ = Load(node, node.NumberOf(block), offset, hash);
        return node;
    }

    private int Load(HashNode node, long number, long offset, BlockHash hash)
    {
        if (_bytes.Length < node.MaxLength)
            _bytes = new byte[node.MaxLength];
        if (offset < HashFileHeader.Length || offset > _end - HashNode.HeaderLength)
            throw Altered();
        var room = _bytes.AsSpan(0, (int)Math.Min(node.MaxLength, _end - offset));
        var length = _file.TryRead(room, offset) ? node.Read(room, number, _blocks) : 0;
        if (length > 0 && BlockHash.Of(room[..length]) == hash)
            return length;
        node.Begin(-1);
        throw Altered();
    }

    // Each node begins where the one before it ends, so every byte of the file is covered by a hash.
    private long Check(int level, long number, long offset, BlockHash hash, long begin)
    {
        var node = _nodes[level] ??= new HashNode(level);
        var length = Load(node, number, offset, hash);
        for (var i = 0; i < HashNode.Children && level > 0; i++)
        {
            if (node.KindOf(i) == HashKind.Data)
                begin = Check(level - 1, (number * HashNode.Children) + i, node.OffsetOf(i), node.HashOf(i), begin);
        }

        return begin == offset ? begin + length : throw Altered();
    }

    private InvalidDataException Altered() => new($"{_name} was altered");
}

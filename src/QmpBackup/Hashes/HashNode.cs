using System.Buffers.Binary;

namespace QmpBackup.Hashes;

/// <summary>What a point says about a run of blocks.</summary>
internal enum HashKind
{
    /// <summary>Nothing: they are the parent's, or zero where there is no parent.</summary>
    Inherited = 0,

    /// <summary>Each has a hash.</summary>
    Data = 1,

    /// <summary>They are zero.</summary>
    Zero = 2,
}

/// <summary>
/// A node of the tree of hashes: what a point says about 256 children. The children of level 0 are blocks, those of level 1 are nodes of
/// level 0, and so on. Where all children are alike and have no hash, there is no node: the node above has one entry for all of them.
/// </summary>
/// <remarks>
/// In a file, all numbers little-endian: level (8 bytes), number within the level (8), two bits of <see cref="HashKind"/> for each child
/// (64), and for each child with a hash those 32 bytes, followed by where the child is in the file (8) if it is a node.
/// </remarks>
/// <param name="level">The level.</param>
internal sealed class HashNode(int level)
{
    /// <summary>How many children a node has.</summary>
    public const int Children = 1 << Bits;

    /// <summary>The length of what every node begins with, in bytes.</summary>
    public const int HeaderLength = 16 + KindsLength;

    private const int Bits = 8;
    private const int KindsLength = Children / 4;
    private const int OffsetLength = 8;

    private readonly byte[] _kinds = new byte[Children];
    private readonly BlockHash[] _hashes = new BlockHash[Children];
    private readonly long[] _offsets = level == 0 ? [] : new long[Children];

    /// <summary>The longest node of this level, in bytes.</summary>
    public int MaxLength => HeaderLength + (Children * EntryLength);

    /// <summary>The node's number within its level; -1 where it holds nothing yet.</summary>
    public long Number { get; private set; } = -1;

    private int EntryLength => BlockHash.Length + (level == 0 ? 0 : OffsetLength);

    /// <summary>How many levels the tree of a disk has.</summary>
    /// <param name="blocks">The disk's blocks.</param>
    public static int LevelsOf(long blocks)
    {
        var levels = 1;
        while (CountOf(blocks, levels) > 1)
            levels++;
        return levels;
    }

    /// <summary>How many children all nodes of a level have together.</summary>
    /// <param name="blocks">The disk's blocks.</param>
    /// <param name="level">The level.</param>
    public static long CountOf(long blocks, int level) => blocks == 0 ? 0 : ((blocks - 1) >> (Bits * level)) + 1;

    /// <summary>How many blocks a child of a level stands for.</summary>
    /// <param name="level">The level.</param>
    public static long BlocksOf(int level) => 1L << (Bits * level);

    /// <summary>The number of the node of this level that a block is below.</summary>
    /// <param name="block">The block.</param>
    public long NumberOf(long block) => block >> (Bits * (level + 1));

    /// <summary>The place in its node of the child of this level that a block is, or is below.</summary>
    /// <param name="block">The block.</param>
    public int IndexOf(long block) => (int)(block >> (Bits * level)) & (Children - 1);

    /// <summary>Empties the node, so that it has no entry for any child.</summary>
    /// <param name="number">The node's number.</param>
    public void Begin(long number)
    {
        Number = number;
        _kinds.AsSpan().Clear();
    }

    /// <summary>The kind of a child.</summary>
    public HashKind KindOf(int index) => (HashKind)_kinds[index];

    /// <summary>The hash of a child that has one.</summary>
    public BlockHash HashOf(int index) => _hashes[index];

    /// <summary>The offset in the file of a child that is a node, in bytes.</summary>
    public long OffsetOf(int index) => _offsets[index];

    /// <summary>Sets the entry of a child.</summary>
    public void Set(int index, HashKind kind, BlockHash hash = default, long offset = 0)
    {
        (_kinds[index], _hashes[index]) = ((byte)kind, hash);
        if (level > 0)
            _offsets[index] = offset;
    }

    /// <summary>The children around one that are of the same kind.</summary>
    /// <param name="index">A child's place.</param>
    public (int First, int End) RunOf(int index)
    {
        var kind = _kinds[index];
        var length = _kinds.AsSpan(index).IndexOfAnyExcept(kind);
        return (_kinds.AsSpan(0, index).LastIndexOfAnyExcept(kind) + 1, length < 0 ? Children : index + length);
    }

    /// <summary>The kind of all children; <see cref="HashKind.Data"/> where they differ or have hashes.</summary>
    /// <param name="blocks">The disk's blocks.</param>
    public HashKind Summarize(long blocks)
    {
        var kinds = _kinds.AsSpan(0, CountIn(blocks));
        return kinds.IsEmpty || kinds.ContainsAnyExcept(kinds[0]) ? HashKind.Data : (HashKind)kinds[0];
    }

    /// <summary>Writes the node.</summary>
    /// <param name="bytes">Receives the node: <see cref="MaxLength"/> bytes.</param>
    /// <returns>The length of the node, in bytes.</returns>
    public int Write(Span<byte> bytes)
    {
        bytes[..HeaderLength].Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, level);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Number);
        var at = HeaderLength;
        for (var i = 0; i < Children; i++)
        {
            bytes[16 + (i / 4)] |= (byte)(_kinds[i] << (i % 4 * 2));
            if (KindOf(i) != HashKind.Data)
                continue;
            _hashes[i].CopyTo(bytes[at..]);
            if (level > 0)
                BinaryPrimitives.WriteInt64LittleEndian(bytes[(at + BlockHash.Length)..], _offsets[i]);
            at += EntryLength;
        }

        return at;
    }

    /// <summary>Reads a node.</summary>
    /// <param name="bytes">Bytes that begin with the node.</param>
    /// <param name="number">The number that it must have.</param>
    /// <param name="blocks">The disk's blocks: an entry behind them is an error.</param>
    /// <returns>The length of the node, in bytes; 0 if it is not a node with this number.</returns>
    public int Read(ReadOnlySpan<byte> bytes, long number, long blocks)
    {
        Begin(-1);
        if (bytes.Length < HeaderLength || BinaryPrimitives.ReadInt64LittleEndian(bytes) != level
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) != number)
        {
            return 0;
        }

        Number = number;
        var (at, count) = (HeaderLength, CountIn(blocks));
        for (var i = 0; i < Children; i++)
        {
            _kinds[i] = (byte)((bytes[16 + (i / 4)] >> (i % 4 * 2)) & 3);
            if (_kinds[i] == 0)
                continue;
            if (i >= count || KindOf(i) is not (HashKind.Data or HashKind.Zero))
                return 0;
            if (KindOf(i) != HashKind.Data)
                continue;
            if (at + EntryLength > bytes.Length)
                return 0;
            _hashes[i] = BlockHash.Read(bytes[at..]);
            if (level > 0)
                _offsets[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(at + BlockHash.Length)..]);
            at += EntryLength;
        }

        return at;
    }

    private int CountIn(long blocks) => (int)Math.Clamp(CountOf(blocks, level) - (Number << Bits), 0, Children);
}

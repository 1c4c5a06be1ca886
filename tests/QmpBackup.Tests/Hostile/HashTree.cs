using QmpBackup.Hashes;

namespace QmpBackup.Tests.Hostile;

/// <summary>A file of hashes, and the place of each node's hash in it: the hashes of an altered file can be made to fit.</summary>
internal sealed class HashTree
{
    // Each node behind those below it: where it is, how long it is, and where its hash is.
    private readonly List<(int At, int Length, int Hash)> _nodes = [];

    private HashTree(byte[] bytes) => Bytes = bytes;

    /// <summary>The file.</summary>
    public byte[] Bytes { get; }

    private static int RootOf(ReadOnlySpan<byte> bytes) => bytes.Length - HashFileHeader.RootLength;

    /// <summary>Writes one with a bit of everything.</summary>
    /// <param name="path">Where.</param>
    /// <param name="blocks">How many blocks the disk has.</param>
    public static HashTree Write(string path, long blocks)
    {
        using (var writer = HashFileWriter.Create(path, blocks * HashBlock.Size))
        {
            foreach (var first in new[] { 0, 100, 280, 60_000, 1L << 20 }.Where(b => b < blocks))
            {
                writer.Add(first, BlockHash.Of(BitConverter.GetBytes(first)));
                if (first + 20 < blocks)
                    writer.AddZeroes(first + 1, 19);
            }

            writer.Complete();
        }

        var tree = new HashTree(File.ReadAllBytes(path));
        var root = RootOf(tree.Bytes);
        if (HashFileHeader.ReadRoot(tree.Bytes.AsSpan(root)) is { Kind: HashKind.Data, Offset: var top })
            tree.Find(HashNode.LevelsOf(blocks) - 1, 0, (int)top, root + 16, blocks);
        return tree;
    }

    /// <summary>What stands for a file, as it is.</summary>
    public static string DigestOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HashFileHeader.Length + HashFileHeader.RootLength)
            return "";
        var root = bytes[RootOf(bytes)..];
        return HashFileHeader.Digest(BitConverter.ToInt64(bytes[16..]), (HashKind)root[0], BlockHash.Read(root[16..])).ToString();
    }

    /// <summary>Makes the hashes of an altered file fit.</summary>
    /// <param name="altered">The file, as long as it was.</param>
    public byte[] Seal(byte[] altered)
    {
        foreach (var (at, length, hash) in _nodes)
            BlockHash.Of(altered.AsSpan(at, length)).CopyTo(altered.AsSpan(hash));
        return altered;
    }

    private void Find(int level, long number, int at, int hash, long blocks)
    {
        var node = new HashNode(level);
        var length = node.Read(Bytes.AsSpan(at, Math.Min(node.MaxLength, RootOf(Bytes) - at)), number, blocks);
        var entry = at + HashNode.HeaderLength;
        for (var i = 0; i < HashNode.Children && level > 0; i++)
        {
            if (node.KindOf(i) != HashKind.Data)
                continue;
            Find(level - 1, (number * HashNode.Children) + i, (int)node.OffsetOf(i), entry, blocks);
            entry += BlockHash.Length + sizeof(long);
        }

        _nodes.Add((at, length, hash));
    }
}

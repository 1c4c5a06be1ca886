using QmpBackup.Host;

namespace QmpBackup.Hashes;

/// <summary>A place from which the writing of a file of hashes can be continued.</summary>
/// <param name="Length">How many bytes of the file are written and safe.</param>
/// <param name="Open">The nodes that are not complete yet, one of each level, the lowest first.</param>
internal sealed record HashPosition(long Length, byte[] Open);

/// <summary>
/// Writes a file of hashes, in ascending order of the blocks. The same content makes the same file, however often the writing was committed
/// and continued.
/// </summary>
internal sealed class HashFileWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;
    private readonly long _diskSize;
    private readonly long _blocks;
    private readonly HashNode[] _open;
    private readonly byte[] _bytes;
    private (HashKind Kind, long Offset, BlockHash Hash) _root;
    private bool _hasFailed;

    private HashFileWriter(FileStream file, string path, long diskSize)
    {
        (_file, _path, _diskSize, _blocks) = (file, path, diskSize, HashBlock.Count(diskSize));
        _open = [.. Enumerable.Range(0, HashNode.LevelsOf(_blocks)).Select(level => new HashNode(level))];
        foreach (var node in _open)
            node.Begin(0);
        _bytes = new byte[_open[^1].MaxLength];
    }

    /// <summary>Begins a file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="diskSize">The disk's size, in bytes.</param>
    public static HashFileWriter Create(string path, long diskSize)
    {
        var writer = new HashFileWriter(New(path), path, diskSize);
        Span<byte> header = stackalloc byte[HashFileHeader.Length];
        HashFileHeader.Write(header, diskSize);
        writer.Put(header);
        return writer;
    }

    /// <summary>Continues a file.</summary>
    /// <param name="path">Where.</param>
    /// <param name="diskSize">The disk's size, in bytes.</param>
    /// <param name="position">What <see cref="Commit"/> returned.</param>
    /// <exception cref="IOException">The file or the position has changed.</exception>
    public static HashFileWriter Continue(string path, long diskSize, HashPosition position)
    {
        using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
        var file = new FileStream(folder.OpenFile(Path.GetFileName(path), write: true), FileAccess.ReadWrite);
        var writer = new HashFileWriter(file, path, diskSize);
        try
        {
            if (position.Length < HashFileHeader.Length || file.Length < position.Length)
                throw new IOException($"{path} is shorter than it was.");
            if (!writer.TryOpen(position.Open))
                throw new IOException($"The journal does not say how much of {path} is written.");
            file.SetLength(position.Length);
            file.Seek(0, SeekOrigin.End);
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
    public void Add(long block, BlockHash hash)
    {
        MoveTo(block);
        _open[0].Set(_open[0].IndexOf(block), HashKind.Data, hash);
    }

    /// <summary>Adds blocks of zeroes.</summary>
    /// <param name="block">The first one's number.</param>
    /// <param name="count">How many.</param>
    public void AddZeroes(long block, long count)
    {
        for (var end = block + count; block < end;)
        {
            MoveTo(block);
            var level = 0;
            while (level + 1 < _open.Length && block % HashNode.BlocksOf(level + 1) == 0
                && Math.Min(block + HashNode.BlocksOf(level + 1), _blocks) <= end)
            {
                level++;
            }

            _open[level].Set(_open[level].IndexOf(block), HashKind.Zero);
            block += HashNode.BlocksOf(level);
        }
    }

    /// <summary>Puts what was added on stable storage, except the nodes that are not complete yet.</summary>
    /// <returns>The place to continue from.</returns>
    /// <exception cref="IOException">The file cannot be written. After one failure every later call fails too.</exception>
    public HashPosition Commit()
    {
        Attempt();
        _file.Flush();
        SafeFile.Flush(_file.SafeFileHandle, _path);
        _hasFailed = false;
        using var open = new MemoryStream();
        foreach (var node in _open)
            open.Write(_bytes.AsSpan(0, node.Write(_bytes)));
        return new HashPosition(_file.Length, open.ToArray());
    }

    /// <summary>Completes the file and puts it on stable storage.</summary>
    /// <returns>The digest of the file.</returns>
    /// <exception cref="IOException">As <see cref="Commit"/>.</exception>
    public string Complete()
    {
        for (var level = 0; level < _open.Length; level++)
            Close(level);
        HashFileHeader.WriteRoot(_bytes, _root.Kind, _root.Offset, _root.Hash);
        Put(_bytes.AsSpan(0, HashFileHeader.RootLength));
        _ = Commit();
        return HashFileHeader.Digest(_diskSize, _root.Kind, _root.Hash).ToString();
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
            // What was not committed is of no use, and the caller reports the first failure.
        }
    }

    private static FileStream New(string path)
    {
        using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
        folder.Remove(Path.GetFileName(path));
        return new FileStream(folder.CreateFile(Path.GetFileName(path)), FileAccess.ReadWrite);
    }

    private bool TryOpen(ReadOnlySpan<byte> open)
    {
        var below = 0L;
        for (var level = 0; level < _open.Length; level++)
        {
            if (open.Length < HashNode.HeaderLength)
                return false;
            var number = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(open[8..]);
            // Each is the parent of the one before it.
            if (number < 0 || number >= HashNode.CountOf(_blocks, level + 1) || (level > 0 && below / HashNode.Children != number))
                return false;
            var length = _open[level].Read(open, number, _blocks);
            if (length == 0)
                return false;
            open = open[length..];
            below = number;
        }

        return open.IsEmpty;
    }

    private void MoveTo(long block)
    {
        for (var level = 0; level < _open.Length && _open[level].Number != _open[level].NumberOf(block); level++)
        {
            Close(level);
            _open[level].Begin(_open[level].NumberOf(block));
        }
    }

    private void Close(int level)
    {
        var node = _open[level];
        var (kind, offset, hash) = (_blocks == 0 ? HashKind.Inherited : node.Summarize(_blocks), 0L, default(BlockHash));
        if (kind == HashKind.Data)
        {
            var bytes = _bytes.AsSpan(0, node.Write(_bytes));
            (offset, hash) = (_file.Position, BlockHash.Of(bytes));
            Put(bytes);
        }

        if (level == _open.Length - 1)
            _root = (kind, offset, hash);
        // A node without entries must not hide an entry for the whole of it in the node above.
        else if (kind != HashKind.Inherited)
            _open[level + 1].Set((int)(node.Number % HashNode.Children), kind, hash, offset);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        Attempt();
        _file.Write(bytes);
        _hasFailed = false;
    }

    // A write that failed once may succeed the second time and still be wrong: half of it may have been written, and Linux reports a
    // writeback error once, then treats the lost pages as written.
    private void Attempt()
    {
        if (_hasFailed)
            throw new IOException($"{_path} could not be written before.");
        _hasFailed = true;
    }
}

using QmpBackup.Hashes;
using QmpBackup.Nbd;

namespace QmpBackup.Transfer;

/// <summary>What of a disk is compared with its hashes.</summary>
internal enum HashScope
{
    /// <summary>All of it, whichever point of the chain it comes from.</summary>
    All,

    /// <summary>
    /// What the point itself holds, in a map that marks the topmost layer. What it inherits is its parent's, but the image must not hide
    /// it.
    /// </summary>
    Own,

    /// <summary>All of it except data that the map marks: that was compared already.</summary>
    Unmarked,
}

/// <summary>Compares each block with its hash, and writes what is right to a target, if there is one.</summary>
internal sealed class HashCheck : IBlockSink
{
    private readonly HashLayers _hashes;
    private readonly HashScope _scope;
    private readonly IBlockTarget? _target;
    private readonly ProgressMeter _meter;

    private HashCheck(HashLayers hashes, HashScope scope, IBlockTarget? target, ProgressMeter meter) =>
        (_hashes, _scope, _target, _meter) = (hashes, scope, target, meter);

    /// <summary>Compares only, to the end.</summary>
    /// <param name="hashes">The hashes.</param>
    /// <param name="scope">What is compared.</param>
    /// <param name="meter">Receives progress.</param>
    public HashCheck(HashLayers hashes, HashScope scope, ProgressMeter meter) : this(hashes, scope, null, meter)
    {
    }

    /// <summary>Compares all of a disk and writes it to a target, up to the first block that is wrong or cannot be read.</summary>
    /// <param name="hashes">The hashes.</param>
    /// <param name="target">The target.</param>
    /// <param name="meter">Receives progress.</param>
    public HashCheck(HashLayers hashes, IBlockTarget target, ProgressMeter meter) : this(hashes, HashScope.All, target, meter)
    {
    }

    /// <summary>What was found.</summary>
    public DamageReport Report { get; } = new();

    /// <inheritdoc/>
    public bool IsClosed => _target is not null && Report.IsSpoilt;

    /// <inheritdoc/>
    public long Skip(BlockRun run)
    {
        var expected = _hashes.At(run.First);
        var end = Math.Min(run.End, expected.End);
        var isInherited = _scope == HashScope.Own && expected.Kind == HashKind.Inherited;
        if (run.HasData && !isInherited)
            return _scope == HashScope.Unmarked && run.IsMarked && expected.Kind == HashKind.Data ? end : run.First;

        var problem = (_scope, expected.Kind, run.IsMarked) switch
        {
            (_, HashKind.Data, _) => "data is missing",
            (HashScope.Own, HashKind.Zero, false) => "zeroes are missing",
            (HashScope.Own, HashKind.Inherited, true) => "there is data that was never written",
            _ => null,
        };
        if (problem is not null)
            Report.Add(run.First, end - run.First, Math.Max(expected.Layer, 0), problem);
        else if (_target is not null)
            return run.First;
        return end;
    }

    /// <inheritdoc/>
    public void Prepare(Chunk chunk)
    {
        if (chunk.IsHole)
        {
            chunk.Resize(Math.Min(chunk.Count, _hashes.At(chunk.First).End - chunk.First));
            return;
        }

        for (var i = 0; i < chunk.Count;)
        {
            var expected = _hashes.At(chunk.First + i);
            if (_scope == HashScope.Own && expected.Kind == HashKind.Inherited)
            {
                chunk.Resize(i);
                return;
            }

            for (var end = Math.Min(chunk.Count, expected.End - chunk.First); i < end; i++)
            {
                chunk.Zero[i] = expected.Kind != HashKind.Data;
                chunk.Layers[i] = expected.Layer;
                if (expected.Kind == HashKind.Data)
                    chunk.Hashes[i] = expected.Hashes![chunk.First + i];
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        for (var i = 0; i < chunk.Count; i++)
        {
            var bytes = chunk.Block(i).Span;
            if (!(chunk.Zero[i] ? HashBlock.IsZero(bytes) : BlockHash.Of(bytes) == chunk.Hashes[i]))
                Report.Add(chunk.First + i, 1, chunk.Layers[i], "the content is not what was written");
        }

        if (_target is not null && !Report.IsSpoilt)
            await _target.WriteAsync(chunk, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task ZeroAsync(Chunk chunk, CancellationToken cancellationToken) =>
        _target?.ZeroAsync(chunk, cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public ValueTask SaveIfDueAsync(CancellationToken cancellationToken) =>
        _target?.PaceAsync(cancellationToken) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public bool AcceptsUnread(Chunk chunk, NbdCommandException failure)
    {
        Report.Fail($"it cannot be read at offset {chunk.Offset} ({failure.ErrorName})", isRefused: true);
        return true;
    }

    /// <inheritdoc/>
    public void Complete(Chunk chunk)
    {
        if (!Report.IsSpoilt)
            _target?.Complete(chunk);
        if (chunk.IsHole)
            return;
        // What is read although it is zero is not part of the work that the meter expects.
        long done = 0;
        for (var i = 0; i < chunk.Count; i++)
        {
            if (!chunk.Zero[i])
                done += chunk.Block(i).Length;
        }

        _meter.Add(done, chunk.Length);
    }
}

/// <summary>
/// Collects what is wrong with a disk's content: how many blocks, and the first one. What could not be read is kept apart: nothing is known
/// of it.
/// </summary>
internal sealed class DamageReport
{
    private readonly Lock _lock = new();
    private long _blocks;
    private long _first = long.MaxValue;
    private string _what = "";
    private string? _failure;

    /// <summary>The layer of the first wrong block; -1 where none is wrong.</summary>
    public int Layer { get; private set; } = -1;

    /// <summary>Whether anything is wrong, or could not be read.</summary>
    public bool IsSpoilt => Volatile.Read(ref _blocks) > 0 || Volatile.Read(ref _failure) is not null;

    /// <summary>What is wrong, in words: it was read and is not what was written. Null where nothing is.</summary>
    public string? Problem => _blocks == 0 ? null
        : $"{_what} at offset {_first * HashBlock.Size}" + (_blocks > 1 ? $", and {_blocks - 1} more block{(_blocks > 2 ? "s" : "")}" : "");

    /// <summary>Why something could not be read; null where all was.</summary>
    public string? Failure => _failure;

    /// <summary>Whether the server refused to read it, so that the image may be to blame; false where the server went away.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Adds wrong blocks.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="count">How many.</param>
    /// <param name="layer">The layer that they belong to.</param>
    /// <param name="what">What is wrong with them.</param>
    public void Add(long block, long count, int layer, string what)
    {
        lock (_lock)
        {
            _blocks += count;
            if (block >= _first)
                return;
            (_first, _what, Layer) = (block, what, layer);
        }
    }

    /// <summary>Adds that something could not be read. Only the first failure is kept.</summary>
    /// <param name="why">Why.</param>
    /// <param name="isRefused">Whether the server answered that it cannot.</param>
    public void Fail(string why, bool isRefused)
    {
        lock (_lock)
        {
            if (_failure is not null)
                return;
            IsRefused = isRefused;
            _failure = why;
        }
    }
}

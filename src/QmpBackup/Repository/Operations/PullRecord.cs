using QmpBackup.Hashes;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>
/// What is recorded of a pull: the hashes of what is in the image, how far it is, and the journal, which tells the next pull of both.
/// </summary>
internal sealed class PullRecord : IDisposable
{
    private readonly DiskPull _pull;
    private readonly HashFileWriter _hashes;
    private readonly double _earlierSeconds;
    private readonly long _begin;

    private PullRecord(DiskPull pull, HashFileWriter hashes, DiskTally done, long begin)
    {
        (_pull, _hashes, Done, _begin) = (pull, hashes, done, begin);
        _earlierSeconds = done.Seconds;
    }

    /// <summary>What is done.</summary>
    public DiskTally Done { get; private set; }

    private double Seconds => _earlierSeconds + _pull.Options.TimeProvider.GetElapsedTime(_begin).TotalSeconds;

    /// <summary>Reads what an earlier pull of the disk recorded.</summary>
    /// <param name="pull">The disk.</param>
    /// <returns>Null where it is of no use.</returns>
    public static DiskTally? FindEarlier(DiskPull pull)
    {
        // A compressed cluster cannot be written twice, and nothing is known of what was written after the last entry in the journal.
        if (pull.Journal.Read() is not { } earlier || earlier.Size != pull.Disk.Size || earlier.Parent != pull.Disk.Parent
            || (pull.Options.Compress && !earlier.IsComplete) || !File.Exists(pull.Files.Image))
        {
            return null;
        }

        try
        {
            if (earlier.Digest is { } digest)
                HashFileReader.Check(new HashSource(pull.Files.Hashes, digest));
            return earlier;
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Continues the record of an earlier pull that did not complete.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="earlier">What it did.</param>
    /// <param name="begin">When this pull began.</param>
    /// <returns>Null where the hashes cannot be continued.</returns>
    public static PullRecord? TryContinue(DiskPull pull, DiskTally earlier, long begin)
    {
        try
        {
            var position = new HashPosition(earlier.HashLength, earlier.HashNodes ?? []);
            return new PullRecord(pull, HashFileWriter.Continue(pull.Files.Hashes, pull.Disk.Size, position), earlier, begin);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Begins the record of a new image.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="begin">When this pull began.</param>
    /// <exception cref="IOException">The file of hashes cannot be made.</exception>
    public static PullRecord Create(DiskPull pull, long begin) => new(
        pull, HashFileWriter.Create(pull.Files.Hashes, pull.Disk.Size), new DiskTally { Size = pull.Disk.Size, Parent = pull.Disk.Parent },
            begin);

    /// <summary>Adds a chunk that is in the image. Everything before it is there too.</summary>
    /// <param name="chunk">The chunk.</param>
    public void Add(Chunk chunk)
    {
        long zero = 0;
        if (chunk.IsHole)
        {
            zero = chunk.Length;
            AddZeroes(chunk.First, chunk.Count);
        }
        else
        {
            for (var i = 0; i < chunk.Count; i++)
            {
                if (!chunk.Zero[i])
                {
                    _hashes.Add(chunk.First + i, chunk.Hashes[i]);
                    continue;
                }

                zero += chunk.Block(i).Length;
                AddZeroes(chunk.First + i, 1);
            }
        }

        Done = Done with
        {
            NextBlock = chunk.First + chunk.Count,
            BytesRead = Done.BytesRead + (chunk.IsHole ? 0 : chunk.Length),
            BytesZero = Done.BytesZero + zero,
            BytesWritten = Done.BytesWritten + (chunk.Length - zero),
        };
    }

    /// <summary>Saves the hashes, and then the journal that names them.</summary>
    /// <param name="done">What is done. The image is on stable storage up to there.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    public void Save(DiskTally done)
    {
        var hashes = _hashes.Commit();
        _pull.Journal.Write(done with { HashLength = hashes.Length, HashNodes = hashes.Open, Seconds = Seconds });
    }

    /// <summary>Completes the hashes and the journal. The image is complete and on stable storage.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    public DiskTally Complete()
    {
        Done = Done with { Digest = _hashes.Complete(), HashNodes = null, Seconds = Seconds };
        _pull.Journal.Write(Done);
        return Done;
    }

    /// <inheritdoc/>
    public void Dispose() => _hashes.Dispose();

    // In an image without a parent, what has no hash is zero.
    private void AddZeroes(long first, long count)
    {
        if (_pull.IsIncrement)
            _hashes.AddZeroes(first, count);
    }
}

using QmpBackup.Hashes;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>The pull of one disk of an open backup: what is copied, where to, and how.</summary>
/// <param name="Disk">The disk.</param>
/// <param name="Files">Where it is copied to.</param>
/// <param name="ParentHashes">
/// The files of hashes of the point that an increment is built on, and of the points below that one, its own first.
/// </param>
/// <param name="Options">How.</param>
/// <param name="Throttle">Limits the rate of reading; null for no limit.</param>
/// <param name="Meter">Receives progress.</param>
internal sealed record DiskPull(
    SessionDisk Disk, DiskFiles Files, IReadOnlyList<HashSource> ParentHashes, PullOptions Options, Throttle? Throttle, ProgressMeter Meter)
{
    /// <summary>Spares the guest; null where nothing does.</summary>
    public ReadGate? Gate { get; init; }

    /// <summary>Whether the disk is taken as an increment.</summary>
    public bool IsIncrement => Disk.Level == BackupLevel.Incremental;

    /// <summary>The journal.</summary>
    public DiskJournal Journal { get; } = new(Files.Journal, $"{Path.GetFileName(Files.Image)}\n{Disk.Name}", Options.SignKey);

    /// <summary>How much of a disk its map is expected to name, in bytes. The meter's total begins with it.</summary>
    /// <param name="disk">The disk.</param>
    public static long ExpectedOf(SessionDisk disk) => disk.Level == BackupLevel.Incremental ? disk.DirtyBytes ?? disk.Size : disk.Size;

    /// <summary>How much of the disk was done by an earlier pull, in bytes.</summary>
    /// <param name="earlier">What it did.</param>
    public long ReusedOf(DiskTally earlier) => Math.Min(earlier.NextBlock * HashBlock.Size, Disk.Size);

    /// <summary>How much the rest of the map is expected to name, in bytes.</summary>
    /// <param name="earlier">What an earlier pull did.</param>
    public long ExpectedAfter(DiskTally earlier) => earlier.IsComplete ? 0
        : Math.Max(0, ExpectedOf(Disk) - (IsIncrement ? earlier.BytesRead + earlier.BytesZero : ReusedOf(earlier)));

    /// <summary>The exception for a failure of the VM's export.</summary>
    /// <param name="e">The failure.</param>
    public BackupException ReadFailed(Exception e)
    {
        var isTls = e is NbdConnectException { Reason: NbdConnectFailure.ClosedByServer or NbdConnectFailure.TlsFailed }
            && Disk.Uri is { RequiresTls: true };
        return new BackupException(
            BackupErrorCode.BackupFailed, $"Reading disk {Disk.Name} from the VM failed: {e.Message.TrimEnd('.')}.", isTls
            ? Advice.Of($"The export is encrypted: name the folder with the authority, and with this client's certificate if QEMU wants "
                + $"one, with {Feature.TlsCertificates}.")
            : Advice.Of($"If the backup is still open, {Feature.Pull} continues where it stopped."), e);
    }

    /// <summary>Whether qbackup writes the image itself. Compressed ones are written by QEMU's own code.</summary>
    public bool IsPlain => !Options.Compress && Disk.Size <= ImageWriter.MaxSize;

    /// <summary>The name of the image's backing file; null for none.</summary>
    public string? Backing => IsIncrement ? DiskInspector.BackingOf(Disk.Parent!.Value) : null;

    /// <summary>The exception for a failure of the image.</summary>
    /// <param name="e">The failure.</param>
    public BackupException WriteFailed(Exception e) =>
        new(BackupErrorCode.Storage,
            $"Writing {Files.Name} failed: {(e is IOException file ? FileFailure.ReasonOf(file) : e.Message).TrimEnd('.')}.",
            e is NbdCommandException { Error: NbdError.ENOSPC } or IOException { HResult: FileFailure.NoSpace or FileFailure.OverQuota }
                ? "The repository has no space left: make room, then pull again." : null, e);

    /// <summary>The exception for damage in the point that the disk is an increment on.</summary>
    /// <param name="e">What is damaged.</param>
    public BackupException ParentDamaged(InvalidDataException e) => new(
        BackupErrorCode.Storage, $"Point {Disk.Parent}, on which disk {Disk.Name} is an increment, is damaged: {e.Message}.",
        Advice.Of($"{Feature.Verify} finds all damage. The next run takes a full backup instead of an increment on it."), e);
}

/// <summary>A disk that was pulled.</summary>
/// <param name="Tally">What was done, with the digest of the file of hashes.</param>
/// <param name="BytesReused">How much of the disk an earlier pull had done, in bytes.</param>
internal sealed record PulledDisk(DiskTally Tally, long BytesReused)
{
    /// <summary>The digest of the file of hashes.</summary>
    public string Digest => Tally.Digest!;
}

/// <summary>Copies one disk of an open backup into an image.</summary>
internal static class DiskPuller
{
    /// <summary>Copies the disk. What an earlier pull did, which was interrupted, is not done again.</summary>
    /// <param name="pull">The disk.</param>
    /// <param name="window">How many chunks may be in flight.</param>
    /// <param name="cancellationToken">Stops it; another pull goes on from there.</param>
    /// <exception cref="BackupException">The disk cannot be read, or the image not be written.</exception>
    public static async Task<PulledDisk> RunAsync(DiskPull pull, int window, CancellationToken cancellationToken)
    {
        var begin = pull.Options.TimeProvider.GetTimestamp();
        var earlier = PullRecord.FindEarlier(pull);
        if (earlier is { IsComplete: true })
            return Reuse(pull, earlier);

        var continued = earlier is null ? null : PullRecord.TryContinue(pull, earlier, begin);
        if (continued is null)
            await PullTarget.CreateAsync(pull, cancellationToken).ConfigureAwait(false);
        using var record = continued ?? PullRecord.Create(pull, begin);
        var reused = continued is null ? 0 : Reuse(pull, record.Done).BytesReused;
        await CopyAsync(pull, record, window, cancellationToken).ConfigureAwait(false);
        PullTarget.Flush(pull);
        return new PulledDisk(record.Complete(), reused);
    }

    private static PulledDisk Reuse(DiskPull pull, DiskTally earlier)
    {
        pull.Meter.Expect(pull.ExpectedAfter(earlier) - DiskPull.ExpectedOf(pull.Disk) + earlier.BytesRead);
        pull.Meter.Add(earlier.BytesRead, 0);
        return new PulledDisk(earlier, pull.ReusedOf(earlier));
    }

    private static async Task CopyAsync(DiskPull pull, PullRecord record, int window, CancellationToken cancellationToken)
    {
        var source = await PullSource.ConnectAsync(pull, record.Done, cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            try
            {
                var target = await PullTarget.OpenAsync(pull, record, cancellationToken).ConfigureAwait(false);
                await using (target.ConfigureAwait(false))
                {
                    await CopyAsync(pull, source, target, window, cancellationToken).ConfigureAwait(false);
                    await target.CloseAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is NbdException or InvalidDataException)
            {
                throw pull.WriteFailed(e);
            }
        }
    }

    private static async Task CopyAsync(
        DiskPull pull, PullSource source, PullTarget target, int window, CancellationToken cancellationToken)
    {
        try
        {
            await new BlockTransfer(source, target, window).RunAsync(cancellationToken).ConfigureAwait(false);
        }
        // Reads and writes of chunks are explained already: this is a failure of the map.
        catch (NbdException e)
        {
            throw pull.ReadFailed(e);
        }
        catch (InvalidDataException e)
        {
            throw pull.ParentDamaged(e);
        }
    }
}

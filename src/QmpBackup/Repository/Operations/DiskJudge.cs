using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>The result of reading a disk of a point.</summary>
/// <param name="Problem">What is wrong with the disk; null where nothing is known to be wrong.</param>
/// <param name="Obstacle">Why the disk could not be read, so that nothing is known of it; null where it was read.</param>
internal readonly record struct Verdict(string? Problem, string? Obstacle);

/// <summary>
/// Reads what a point itself holds of a disk, and decides whether it is damaged. Content that is not what was written is damage. A disk
/// that cannot be read is damaged only if the image is the reason: its file can be read to the end, another image can be served under the
/// same conditions, and this one is refused again.
/// </summary>
internal static class DiskJudge
{
    private const int ProbeSize = 64 * 1024;
    private const int BufferSize = 128 * 1024;

    // What qemu-nbd says, in the C locale, where the image is not the reason.
    private static readonly string[] OtherReasons =
    [
        "Permission denied", "Operation not permitted", "Cannot allocate memory", "Too many open files", "Stale file handle",
        "Transport endpoint is not connected", "Resource temporarily unavailable", "Is another process using the image",
    ];

    /// <summary>Reads the disk and decides.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="meter">Receives progress.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="BackupException">No image at all can be read here.</exception>
    public static async Task<Verdict> JudgeAsync(
        StoredDisk disk, ProgressMeter meter, TimeProvider time, CancellationToken cancellationToken)
    {
        var first = await ReadAsync(disk, meter, cancellationToken).ConfigureAwait(false);
        if (first.Problem is not null || first.Failure is null)
            return new Verdict(first.Problem, null);
        if (FindObstacle(disk.Image, cancellationToken) is { } obstacle)
            return new Verdict(null, $"{first.Failure}; {obstacle}");
        await RequireReadableAsync(disk.Tools, cancellationToken).ConfigureAwait(false);
        var second = await ReadAsync(disk, new ProgressMeter(0, null, time), cancellationToken).ConfigureAwait(false);
        return second.Problem is not null || second.Failure is null ? new Verdict(second.Problem, null)
            : first.IsRefused && second.IsRefused ? new Verdict(second.Failure, null) : new Verdict(null, second.Failure);
    }

    private static async Task<(string? Problem, string? Failure, bool IsRefused)> ReadAsync(
        StoredDisk disk, ProgressMeter meter, CancellationToken cancellationToken)
    {
        try
        {
            var report = await DiskChecker.CheckAsync(disk, meter, cancellationToken).ConfigureAwait(false);
            return (report.Problem, report.Failure, report.IsRefused);
        }
        catch (BackupException e) when (e.InnerException is ImageRefusedException { Message: var said })
        {
            return (null, e.Message.TrimEnd('.'), !OtherReasons.Any(s => said.Contains(s, StringComparison.Ordinal)));
        }
        catch (BackupException e) when (e.InnerException is not System.ComponentModel.Win32Exception)
        {
            return (null, e.Message.TrimEnd('.'), false);
        }
        catch (InvalidDataException e)
        {
            return (e.Message, null, false);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            return (null, e.Message.TrimEnd('.'), false);
        }
    }

    // Reads all of a file: an error of the file system shows here too.
    private static string? FindObstacle(string path, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        try
        {
            using var file = FolderFiles.OpenRead(path);
            int read;
            for (var offset = 0L; (read = RandomAccess.Read(file, buffer, offset)) > 0; offset += read)
                cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
        catch (Exception e) when (e is InvalidDataException || FileFailure.Is(e))
        {
            return e.Message.TrimEnd('.');
        }
    }

    private static async Task RequireReadableAsync(QemuTools tools, CancellationToken cancellationToken)
    {
        var folder = SocketFolder.Make(SocketFolder.Places);
        var path = Path.Combine(folder, "probe");
        try
        {
            await QemuImage.CreateAsync(tools, path, ProbeSize, null, compressed: false, cancellationToken).ConfigureAwait(false);
            // As many connections as for a disk.
            var server = await QemuNbdServer.ReadAloneAsync(
                tools, path, DiskChecker.ClientOptions, cancellationToken).ConfigureAwait(false);
            await using (server.ConfigureAwait(false))
                await server.Client.ReadAsync(new byte[ProbeSize], 0, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BackupException or NbdException)
        {
            throw new BackupException(
                BackupErrorCode.Storage, $"No image can be read here, not even an empty one: {e.Message.TrimEnd('.')}.",
                "Check that qemu-img and qemu-nbd work, and that there is memory and room for more open files. "
                + "Nothing is known to be damaged.", e);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

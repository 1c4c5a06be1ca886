using System.Text;
using System.Text.Json;
using QmpBackup.Naming;
using QmpBackup.Repositories.Hashes;

namespace QmpBackup.Repositories;

/// <summary>Reads and writes <c>POINT.json</c>.</summary>
internal static class PointFile
{
    private const int MaxLength = 16 << 20;
    private const int ChecksumLength = 2 * BlockHash.Length;

    private static ReadOnlySpan<byte> Mark => "\"checksum\": \""u8;

    /// <summary>Writes it: the last thing of a point, and what makes it one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="point">What to say.</param>
    public static RepositoryPoint Write(string path, RepositoryPoint point)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(point with { Checksum = new string('0', ChecksumLength) }, RepositoryJsonContext.Default.RepositoryPoint);
        var checksum = Checksum(bytes);
        Encoding.ASCII.GetBytes(checksum).CopyTo(bytes.AsSpan(ChecksumAt(bytes)));
        try
        {
            SafeFile.Replace(path, bytes);
        }
        catch (Exception e) when (StorageFailure.Is(e))
        {
            // The rename may have been done, and only the word that it lasts is missing: a backup that failed must not be listed.
            File.Delete(path);
            throw;
        }

        return point with { Checksum = checksum };
    }

    /// <summary>Reads it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is not what was written.</exception>
    public static RepositoryPoint Read(string path)
    {
        var name = Path.GetFileName(path);
        if (new FileInfo(path).Length > MaxLength) throw new InvalidDataException($"{name} is too long");
        var bytes = File.ReadAllBytes(path);
        RepositoryPoint? point;
        try
        {
            point = JsonSerializer.Deserialize(bytes, RepositoryJsonContext.Default.RepositoryPoint);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{name} cannot be read", e);
        }

        var at = ChecksumAt(bytes);
        if (point is null || at < 0 || point.Disks.IsDefault) throw new InvalidDataException($"{name} is incomplete");
        if (point.SchemaVersion != 1) throw new InvalidDataException($"{name} is of version {point.SchemaVersion}, which this qbackup does not know");
        bytes.AsSpan(at, ChecksumLength).Fill((byte)'0');
        if (point.Checksum != Checksum(bytes)) throw new InvalidDataException($"{name} was altered");
        if (ChainLayout.NameOf(point.Id) != name || !CheckpointId.TryParse(point.Id, out _))
            throw new InvalidDataException($"{name} is that of point {point.Id}");
        return point;
    }

    private static string Checksum(ReadOnlySpan<byte> bytes) => BlockHash.Of(bytes).ToString();

    private static int ChecksumAt(ReadOnlySpan<byte> bytes)
    {
        var mark = bytes.LastIndexOf(Mark);
        return mark < 0 || mark + Mark.Length + ChecksumLength > bytes.Length ? -1 : mark + Mark.Length;
    }
}

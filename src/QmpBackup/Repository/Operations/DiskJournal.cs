using System.Text;
using System.Text.Json;
using QmpBackup.Host;
using QmpBackup.Transfer;

namespace QmpBackup.Repository.Operations;

/// <summary>Remembers how far the pull of a disk is. With a key it is signed: what it says becomes part of a point that is signed.</summary>
/// <param name="path">The file.</param>
/// <param name="about">The point and the disk.</param>
/// <param name="key">The key; null for no signature.</param>
internal sealed class DiskJournal(string path, string about, SigningKey? key)
{
    private const int MaxLength = 16 << 20;

    /// <summary>Reads the journal.</summary>
    /// <returns>Null where there is none, or none that can be read or trusted.</returns>
    public DiskTally? Read()
    {
        try
        {
            using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
            return JsonSerializer.Deserialize(folder.ReadAll(Path.GetFileName(path), MaxLength), RepositoryJsonContext.Default.DiskTally) is { NextBlock: >= 0 } tally
                && (key is null || (tally.Signature is { } signature && key.Verify(Signed(tally), signature))) ? tally : null;
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the journal.</summary>
    /// <param name="tally">What is done and safe.</param>
    public void Write(DiskTally tally) => SafeFile.Replace(path, Bytes(tally with { Signature = key?.Sign(Signed(tally)) }));

    private byte[] Signed(DiskTally tally) => [.. Encoding.UTF8.GetBytes($"qbackup journal 1\n{about}\n"), .. Bytes(tally with { Signature = null })];

    private static byte[] Bytes(DiskTally tally) => JsonSerializer.SerializeToUtf8Bytes(tally, RepositoryJsonContext.Default.DiskTally);
}

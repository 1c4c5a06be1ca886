using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Host;

namespace QmpBackup.Repository.Operations;

/// <summary>What was done with a disk. The journal keeps it for a pull that is interrupted.</summary>
internal sealed record DiskTally
{
    /// <summary>Every block before this one is done, and its bytes are safe.</summary>
    public long NextBlock { get; init; }

    /// <summary>The length of the file of hashes at that moment, in bytes.</summary>
    public long HashLength { get; init; }

    /// <summary>The nodes of the tree of hashes that were not complete at that moment; null once all are.</summary>
    public byte[]? HashNodes { get; init; }

    /// <summary>The digest of the file of hashes; null until it is complete.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes read from the VM.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes that are zero.</summary>
    public long BytesZero { get; init; }

    /// <summary>Bytes of data written to the image.</summary>
    public long BytesWritten { get; init; }

    /// <summary>The time it took, in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>The image's size. A journal of a disk of another size is of no use.</summary>
    public long Size { get; init; }

    /// <summary>The parent. A journal with another parent is of no use.</summary>
    public CheckpointId? Parent { get; init; }

    /// <summary>The signature of the journal; null where it is not signed.</summary>
    public string? Signature { get; init; }

    /// <summary>Whether the image is complete, and not only begun.</summary>
    [JsonIgnore]
    public bool IsComplete => Digest is not null;
}

/// <summary>
/// Remembers how far the pull of a disk is. With a key it is signed, as what it says becomes part of a point that is signed.
/// </summary>
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
            var bytes = folder.ReadAll(Path.GetFileName(path), MaxLength);
            return JsonSerializer.Deserialize(bytes, JournalJsonContext.Default.DiskTally) is { NextBlock: >= 0 } tally
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

    private byte[] Signed(DiskTally tally) =>
        [.. Encoding.UTF8.GetBytes($"qbackup journal 1\n{about}\n"), .. Bytes(tally with { Signature = null })];

    private static byte[] Bytes(DiskTally tally) => JsonSerializer.SerializeToUtf8Bytes(tally, JournalJsonContext.Default.DiskTally);
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
        MaxDepth = 16)]
[JsonSerializable(typeof(DiskTally))]
internal sealed partial class JournalJsonContext : JsonSerializerContext;

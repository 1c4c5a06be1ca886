using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using QmpBackup.Hashes;
using QmpBackup.Host;

namespace QmpBackup.Repository;

/// <summary>Reads and writes <c>POINT.json</c>.</summary>
internal static class PointFile
{
    private const int MaxLength = 16 << 20;
    private const int MaxSequence = 1 << 30;
    private const int MaxDisks = 4096;
    private const int MaxName = 4096;
    private const int MaxFormerRoots = 4096;
    private const double MaxTime = 1e12;
    private const long MaxSize = 1L << 52;
    private const int ChecksumLength = 2 * BlockHash.Length;
    private const int SignatureLength = 2 * SigningKey.SignatureLength;

    private static ReadOnlySpan<byte> ChecksumMark => "\"checksum\": \""u8;

    private static ReadOnlySpan<byte> SignatureMark => "\"value\": \""u8;

    private static ReadOnlySpan<byte> Domain => "qbackup point 1\n"u8;

    /// <summary>Writes the file. It is the last file of a point, and makes the point complete.</summary>
    /// <param name="folder">The chain's folder.</param>
    /// <param name="point">The point.</param>
    /// <param name="key">Signs it; null for no signature.</param>
    /// <param name="cancellationToken">Stops it, up to the moment in which the point becomes complete.</param>
    public static RepositoryPoint Write(
        OpenFolder folder, RepositoryPoint point, SigningKey? key = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return Replace(folder, point, key, cancellationToken);
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            // The rename may be done, and only its confirmation is missing: a backup that failed must not be listed.
            folder.TryRemove(ChainLayout.NameOf(point.Id));
            throw;
        }
    }

    /// <summary>Writes the file of a point that is complete already. If this fails, the old one stays, or the new one is there.</summary>
    /// <inheritdoc cref="Write(OpenFolder, RepositoryPoint, SigningKey, CancellationToken)" path="/param"/>
    public static RepositoryPoint Replace(
        OpenFolder folder, RepositoryPoint point, SigningKey? key = null, CancellationToken cancellationToken = default)
    {
        var bare = point with
        {
            Checksum = new string('0', ChecksumLength),
            Signature = key is null ? null
                : new PointSignature { Algorithm = SigningKey.Algorithm, Key = key.Id, Value = new string('0', SignatureLength) },
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(bare, RepositoryJsonContext.Default.RepositoryPoint);
        var checksum = BlockHash.Of(bytes).ToString();
        var signature = key?.Sign([.. Domain, .. bytes]);
        Put(bytes, ChecksumMark, checksum);
        if (signature is not null)
            Put(bytes, SignatureMark, signature);
        folder.Replace(ChainLayout.NameOf(point.Id), bytes, cancellationToken);
        return bare with
        {
            Checksum = checksum,
            Signature = bare.Signature is null ? null : bare.Signature with { Value = signature! },
            SignatureState = key is null ? SignatureState.None : SignatureState.Valid,
        };
    }

    /// <summary>Writes it, by its path.</summary>
    /// <param name="path">The file.</param>
    /// <param name="point">The point.</param>
    /// <param name="key">Signs it; null for no signature.</param>
    public static RepositoryPoint Write(string path, RepositoryPoint point, SigningKey? key = null)
    {
        using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
        return Write(folder, point, key);
    }

    /// <summary>Reads it, by its path.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Checks the signature; null where there is none to check it with.</param>
    /// <exception cref="InvalidDataException">The file is not what was written.</exception>
    public static RepositoryPoint Read(string path, SigningKey? key = null)
    {
        using var folder = OpenFolder.Open(Path.GetDirectoryName(path)!);
        return Read(folder, CheckpointId.Parse(Path.GetFileNameWithoutExtension(path)), key);
    }

    /// <summary>Reads it.</summary>
    /// <param name="folder">The chain's folder.</param>
    /// <param name="id">The point's id.</param>
    /// <param name="key">Checks the signature; null where there is none to check it with.</param>
    /// <exception cref="InvalidDataException">The file is not what was written.</exception>
    public static RepositoryPoint Read(OpenFolder folder, CheckpointId id, SigningKey? key = null)
    {
        var name = ChainLayout.NameOf(id);
        var bytes = folder.ReadAll(name, MaxLength);
        RepositoryPoint? point;
        try
        {
            point = JsonSerializer.Deserialize(bytes, RepositoryJsonContext.Default.RepositoryPoint);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NotSupportedException or ArgumentException
            or FormatException or OverflowException)
        {
            throw new InvalidDataException($"{name} cannot be read", e);
        }

        if (point is null || point.Disks.IsDefault || point.Sequence is < 0 or > MaxSequence
            || !Put(bytes, ChecksumMark, new string('0', ChecksumLength)))
        {
            throw new InvalidDataException($"{name} is incomplete");
        }

        if (point.SchemaVersion != 1)
            throw new InvalidDataException($"{name} has version {point.SchemaVersion}, which this program does not know");
        if (point.Signature is not null && !Put(bytes, SignatureMark, new string('0', SignatureLength)))
            throw new InvalidDataException($"{name} is incomplete");
        if (point.Checksum != BlockHash.Of(bytes).ToString())
            throw new InvalidDataException($"{name} was altered");
        if (point.Id != id)
            throw new InvalidDataException($"{name} is that of point {point.Id}");
        return IsPlausible(point) ? point with { SignatureState = StateOf(point, bytes, folder.Path, key) }
            : throw new InvalidDataException($"{name} has content that no backup writes");
    }

    // Whoever can write to a repository can write a checksum too. What is read here must not prevent the reading of other points.
    private static bool IsPlausible(RepositoryPoint point) =>
        point is { Disks.Length: <= MaxDisks } && point.FrozenMilliseconds is not (< 0 or > MaxTime)
        && point.Disks.All(d => d is { Name.Length: <= MaxName, Node.Length: <= MaxName, Hashes: not null } && Enum.IsDefined(d.Level)
            && d.Seconds is >= 0 and <= MaxTime
            && (d.Hashes.FormerRoots is not { } former || (!former.IsDefault && former.Length <= MaxFormerRoots))
            && d is
            {
                Size: >= 0 and <= MaxSize, FileSize: >= 0 and <= MaxSize, BytesRead: >= 0 and <= MaxSize,
                BytesWritten: >= 0 and <= MaxSize, BytesZero: >= 0 and <= MaxSize
            }
            && ChainLayout.FolderIn(d.File, d.Name, point.Id, ChainLayout.ImageSuffix) is { } folder
                && ChainLayout.FolderIn(d.Hashes.File, d.Name, point.Id, ChainLayout.HashesSuffix) == folder)
        && point.Disks.Select(d => d.Name).Distinct().Count() == point.Disks.Length;

    private static SignatureState StateOf(RepositoryPoint point, ReadOnlySpan<byte> bytes, string chain, SigningKey? key)
    {
        if (point.Signature is not { } signature)
            return SignatureState.None;
        if (key is null)
            return SignatureState.Unchecked;
        // A point that was moved has a valid signature, but is not the one in question.
        return signature.Algorithm == SigningKey.Algorithm && key.Verify([.. Domain, .. bytes], signature.Value)
            && point.Chain.Value == Path.GetFileName(chain) && SafeName.Is(Path.GetFileName(Path.GetDirectoryName(chain))!, point.Vm)
            ? SignatureState.Valid : SignatureState.Wrong;
    }

    // Signature and checksum are the last things in the file, so nothing else in it can be taken for them.
    private static bool Put(Span<byte> bytes, ReadOnlySpan<byte> mark, string text)
    {
        var at = bytes.LastIndexOf(mark);
        return at >= 0 && at + mark.Length + text.Length <= bytes.Length
            && Encoding.ASCII.TryGetBytes(text, bytes[(at + mark.Length)..], out _);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, MaxDepth = 16)]
[JsonSerializable(typeof(RepositoryPoint))]
internal sealed partial class RepositoryJsonContext : JsonSerializerContext;

using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup;

/// <summary>
/// An ECDSA key on the curve P-256, from a PEM file. The private key signs points and verifies them; the public key alone verifies them.
/// </summary>
public sealed class SigningKey : IDisposable
{
    /// <summary>The name of the signature: ECDSA over P-256 and SHA-256.</summary>
    public const string Algorithm = "ecdsa-p256-sha256";

    internal const int SignatureLength = 64;

    private const int MaxFileLength = 16 * 1024;
    private const int IdLength = 16;
    private const string CurveOid = "1.2.840.10045.3.1.7";
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const string HowToMake = "Make one with 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE', "
        + "and its public half with 'openssl pkey -in FILE -pubout'.";

    private readonly ECDsa _key;
    private readonly Lock _lock = new();

    private SigningKey(ECDsa key, bool canSign)
    {
        (_key, CanSign) = (key, canSign);
        Id = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..IdLength];
    }

    /// <summary>Identifies the key: 16 hexadecimal digits of the SHA-256 of the public key.</summary>
    public string Id { get; }

    /// <summary>Whether it is the private key.</summary>
    public bool CanSign { get; }

    /// <summary>Reads a key.</summary>
    /// <param name="path">
    /// A PEM file with a private or a public key, not encrypted. Only its owner may be able to read a private key, or to write either kind.
    /// </param>
    /// <exception cref="BackupException">The file cannot be read, other users can read or write it, or it is not such a key.</exception>
    public static SigningKey Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var text = Read(path);
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value != CurveOid)
                throw Invalid(path, "is on another curve than P-256");
            return new SigningKey(key, IsPrivate(text));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw Invalid(path, text.Contains("ENCRYPTED", StringComparison.Ordinal)
                ? "is encrypted: only a key without a password can be used" : "holds no ECDSA key in PEM");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>Signs content.</summary>
    /// <param name="content">The content.</param>
    /// <returns>The signature, in hexadecimal digits.</returns>
    internal string Sign(ReadOnlySpan<byte> content)
    {
        lock (_lock)
            return Convert.ToHexStringLower(_key.SignData(content, HashAlgorithmName.SHA256));
    }

    /// <summary>Whether a signature is this key's.</summary>
    /// <param name="content">What was signed.</param>
    /// <param name="signature">The signature, in hexadecimal digits.</param>
    internal bool Verify(ReadOnlySpan<byte> content, string signature)
    {
        Span<byte> bytes = stackalloc byte[SignatureLength];
        if (signature.Length != 2 * SignatureLength
            || Convert.FromHexString(signature, bytes, out _, out _) != System.Buffers.OperationStatus.Done
            || Convert.ToHexStringLower(bytes) != signature)
        {
            return false;
        }

        lock (_lock)
            return _key.VerifyData(content, bytes, HashAlgorithmName.SHA256);
    }

    private static bool IsPrivate(string text) => text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    private static string Read(string path)
    {
        try
        {
            // Opening a pipe that has no writer would block. Everything else is checked on the file that was opened.
            if (FileStatus.Of(path) is { Kind: not FileKind.Regular })
                throw Invalid(path, "is not a regular file");
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (RandomAccess.GetLength(file) is 0 or > MaxFileLength)
                throw Invalid(path, "is empty, or too long for a key");
            var bytes = new byte[MaxFileLength];
            var text = Encoding.Latin1.GetString(bytes, 0, RandomAccess.Read(file, bytes, 0));
            CryptographicOperations.ZeroMemory(bytes);
            RequireKept(path, file, IsPrivate(text));
            return text;
        }
        catch (Exception e) when (FileFailure.Is(e))
        {
            throw new BackupException(
                BackupErrorCode.InvalidArgument, $"The signing key cannot be read: {e.Message.TrimEnd('.')}.", null, e);
        }
    }

    private static void RequireKept(string path, SafeFileHandle file, bool isPrivate)
    {
        if (OperatingSystem.IsWindows())
            return;
        var status = FileStatus.Of(file);
        if (status.Owner != 0 && status.Owner != OpenFolder.CurrentUser)
        {
            throw new BackupException(BackupErrorCode.InvalidArgument, $"The signing key {path} belongs to another user.",
                Advice.Of($"Give it to the user that {Feature.Program} works as, or to root."));
        }

        if (((UnixFileMode)status.Mode & (isPrivate ? Others : OthersWrite)) == 0)
            return;
        throw new BackupException(
            BackupErrorCode.InvalidArgument, $"Users other than the owner can {(isPrivate ? "read or " : "")}write the signing key {path}.",
            isPrivate ? "Whoever could read it can forge points: make a new key, and keep it with 'chmod 600'."
                : "Compare it with the right one, then keep it with 'chmod 644'.");
    }

    private static BackupException Invalid(string path, string what) =>
        new(BackupErrorCode.InvalidArgument, $"The signing key {path} {what}.", HowToMake);
}

/// <summary>
/// The signature of a point: over all of its <c>POINT.json</c>, and through the roots in it over every block of its disks.
/// </summary>
public sealed record PointSignature
{
    /// <summary>The kind of signature: <see cref="SigningKey.Algorithm"/>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>Which key signed it, see <see cref="SigningKey.Id"/>: it helps to find the key, and proves nothing.</summary>
    public required string Key { get; init; }

    /// <summary>The signature, in hexadecimal digits.</summary>
    public required string Value { get; init; }
}

/// <summary>The state of a point's signature.</summary>
public enum SignatureState
{
    /// <summary>The point has no signature.</summary>
    None,

    /// <summary>The point has a signature, and there was no key to check it with.</summary>
    Unchecked,

    /// <summary>The signature was made with the key.</summary>
    Valid,

    /// <summary>The signature was not made with the key, or is of a point of another VM or chain.</summary>
    Wrong,
}

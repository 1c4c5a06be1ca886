using System.Security.Cryptography;

namespace QmpBackup.Testing;

/// <summary>Keys that sign points, as PEM files.</summary>
public static class SigningKeys
{
    /// <summary>Makes a private key that only its owner can read.</summary>
    /// <param name="path">The file; its public half is put beside it, with <c>.pub</c>.</param>
    /// <returns>The file.</returns>
    public static string Create(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(path, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Write(path + ".pub", key.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return path;
    }

    /// <summary>Writes a file with this mode, whatever the umask.</summary>
    public static void Write(string path, string text, UnixFileMode mode)
    {
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, mode);
    }
}

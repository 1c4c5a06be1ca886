using System.Security.Cryptography;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Repository.Signatures;

public sealed class SigningKeyTests
{
    private const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static string Refusal(string path) => FluentActions.Invoking(() => SigningKey.Load(path)).Should().Throw<BackupException>().Which.Message;

    [Fact]
    public async Task The_public_key_verifies_what_the_private_key_signed()
    {
        await using var folder = TestDirectory.Create();
        var path = SigningKeys.Create(folder.File("key"));
        using var own = SigningKey.Load(path);
        using var half = SigningKey.Load(path + ".pub");
        using var other = SigningKey.Load(SigningKeys.Create(folder.File("other")));
        (own.CanSign, half.CanSign).Should().Be((true, false));
        own.Id.Should().HaveLength(16).And.Be(half.Id).And.NotBe(other.Id);
        var signature = own.Sign([1, 2, 3]);
        half.Verify([1, 2, 3], signature).Should().BeTrue();
        half.Verify([1, 2, 4], signature).Should().BeFalse();
        other.Verify([1, 2, 3], signature).Should().BeFalse();
        foreach (var bad in new[] { "", "00", signature[..^1] + "x", signature + "00", new string('0', 128), new string('é', 128) })
            half.Verify([1, 2, 3], bad).Should().BeFalse(bad);
    }

    [Fact]
    public async Task Keys_that_openssl_makes_are_read()
    {
        await using var folder = TestDirectory.Create();
        var path = folder.File("key");
        await CommandRunner.RunCheckedAsync("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path);
        await CommandRunner.RunCheckedAsync("openssl", "pkey", "-in", path, "-pubout", "-out", path + ".pub");
        await CommandRunner.RunCheckedAsync("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", path + ".old");
        using var own = SigningKey.Load(path);
        using var half = SigningKey.Load(path + ".pub");
        using var old = SigningKey.Load(path + ".old");
        half.Verify([7], own.Sign([7])).Should().BeTrue();
        old.CanSign.Should().BeTrue();

        await CommandRunner.RunCheckedAsync("openssl", "pkey", "-in", path, "-aes256", "-passout", "pass:x", "-out", path + ".enc");
        File.SetUnixFileMode(path + ".enc", Mine);
        Refusal(path + ".enc").Should().Contain("encrypted");
    }

    [Theory]
    [InlineData(Mine | UnixFileMode.GroupRead), InlineData(Mine | UnixFileMode.OtherRead), InlineData(Mine | UnixFileMode.OtherWrite)]
    public async Task A_private_key_that_others_can_read_is_refused_even_behind_a_link(UnixFileMode mode)
    {
        await using var folder = TestDirectory.Create();
        var path = SigningKeys.Create(folder.File("key"));
        File.CreateSymbolicLink(path + ".link", path);
        SigningKey.Load(path + ".link").Dispose();
        File.SetUnixFileMode(path, mode);
        foreach (var name in new[] { path, path + ".link" })
            Refusal(name).Should().Contain("Users other than the owner").And.Contain(name);
    }

    [Fact]
    public async Task A_public_key_that_others_can_write_is_refused()
    {
        await using var folder = TestDirectory.Create();
        var path = SigningKeys.Create(folder.File("key")) + ".pub";
        File.SetUnixFileMode(path, Mine | UnixFileMode.GroupWrite);
        Refusal(path).Should().Contain("can write");
    }

    [Fact]
    public async Task A_file_without_a_key_is_refused_and_its_content_is_not_shown()
    {
        await using var folder = TestDirectory.Create();
        var path = folder.File("key");
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        foreach (var text in new[] { "", "secret", new string('s', 20_000), curve.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" })
        {
            SigningKeys.Write(path, text, Mine);
            Refusal(path).Should().Contain(path).And.NotContain("secret").And.NotContain("AAAA");
        }

        Refusal(folder.File("missing")).Should().Contain("cannot be read");
        await CommandRunner.RunCheckedAsync("mkfifo", folder.File("fifo"));
        Refusal(folder.File("fifo")).Should().Contain("is not a regular file");
        Refusal(folder.Path).Should().Contain("is not a regular file");
    }
}

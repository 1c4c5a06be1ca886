using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using QmpBackup.Hashes;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Repository.Signatures;

public sealed partial class PointSignatureTests
{
    private static readonly CheckpointId Id = Given.Checkpoint(1);

    private const string DiskName = "\"value\": \"";

    private static string Folder => SafeName.Of(DiskName);

    private static RepositoryPoint Point => new()
    {
        Id = Id,
        Vm = "vm 1",
        Chain = ChainName.Default,
        Checkpoint = Id,
        Sequence = 7,
        CreatedAt = DateTimeOffset.UnixEpoch,
        CompletedAt = DateTimeOffset.UnixEpoch,
        QemuVersion = "7.2.22",
        Disks =
        [
            new PointDisk
            {
                Name = DiskName, Node = "\"checksum\": \"", Level = BackupLevel.Full, Reason = "", Size = 1, File = $"{Folder}/{Id}.qcow2", FileSize = 1, BytesRead = 1, BytesZero = 0,
                BytesWritten = 1, Seconds = 1, Hashes = new PointHashes { File = $"{Folder}/{Id}.hashes", Algorithm = "sha256", BlockSize = 65536, Digest = new string('1', 64), Root = new string('2', 64) },
            },
        ],
    };

    private static string PathIn(TestDirectory folder, string vm = "vm%201", string chain = "default") => Path.Combine(folder.Folder(Path.Combine(vm, chain)), $"{Id}.json");

    // A user who can write the file can also write its checksum.
    private static void Alter(string path, Func<string, string> change)
    {
        var text = change(File.ReadAllText(path));
        text = Checksum().Replace(text, new string('0', 64));
        var bare = Value().Replace(text, new string('0', 128));
        File.WriteAllText(path, text.Replace(new string('0', 64), BlockHash.Of(Encoding.UTF8.GetBytes(bare)).ToString(), StringComparison.Ordinal));
    }

    // The checksum and the signature are of the bytes, and other programs read them.
    [Fact]
    public async Task The_file_of_a_point_keeps_the_members_of_a_disk_and_their_order()
    {
        await using var folder = TestDirectory.Create();
        var path = PathIn(folder);
        PointFile.Write(path, Point with { Disks = [Point.Disks[0] with { SourceEncryption = "luks" }] });
        using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        json.RootElement.GetProperty("disks")[0].EnumerateObject().Select(m => m.Name).Should().Equal(
            "name", "node", "level", "reason", "parent", "sourceEncryption", "size", "file", "fileSize", "bytesRead", "bytesZero", "bytesWritten", "seconds", "hashes");
    }

    [Fact]
    public async Task Every_changed_byte_is_detected()
    {
        await using var folder = TestDirectory.Create();
        using var key = SigningKey.Load(SigningKeys.Create(folder.File("key")));
        var path = PathIn(folder);
        PointFile.Write(path, Point, key).SignatureState.Should().Be(SignatureState.Valid);
        PointFile.Read(path, key).SignatureState.Should().Be(SignatureState.Valid);
        PointFile.Read(path).SignatureState.Should().Be(SignatureState.Unchecked);
        var good = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        for (var i = 0; i < good.Length; i++)
        {
            byte[] bad = [.. good];
            bad[i] ^= (byte)(1 << (i % 8));
            await File.WriteAllBytesAsync(path, bad, TestContext.Current.CancellationToken);
            try
            {
                PointFile.Read(path, key).SignatureState.Should().NotBe(SignatureState.Valid, "of byte {0}", i);
            }
            catch (InvalidDataException)
            {
                // A damaged file is reported like this.
            }
        }
    }

    [Theory]
    [InlineData("\"sequence\": 7", "\"sequence\": 9"), InlineData("\"vm\": \"vm 1\"", "\"vm\": \"vm 2\""), InlineData("\"fileSize\": 1", "\"fileSize\": 2")]
    [InlineData("2222", "2223"), InlineData("\"chain\": \"default\"", "\"chain\": \"default\" ")]
    public async Task A_change_with_a_matching_checksum_is_detected_only_with_the_key(string what, string with)
    {
        await using var folder = TestDirectory.Create();
        using var key = SigningKey.Load(SigningKeys.Create(folder.File("key")));
        var path = PathIn(folder);
        PointFile.Write(path, Point, key);
        Alter(path, text => text.Replace(what, with, StringComparison.Ordinal));
        PointFile.Read(path).SignatureState.Should().Be(SignatureState.Unchecked);
        PointFile.Read(path, key).SignatureState.Should().Be(SignatureState.Wrong);
    }

    [Fact]
    public async Task A_signature_is_valid_only_for_its_key_its_VM_and_its_chain()
    {
        await using var folder = TestDirectory.Create();
        using var key = SigningKey.Load(SigningKeys.Create(folder.File("key")));
        using var other = SigningKey.Load(SigningKeys.Create(folder.File("other")));
        var path = PathIn(folder);
        PointFile.Write(path, Point, other);
        PointFile.Read(path, key).SignatureState.Should().Be(SignatureState.Wrong);
        PointFile.Write(path, Point, key);
        foreach (var (vm, chain) in new[] { ("vm2", "default"), ("vm%201", "weekly") })
        {
            File.Copy(path, PathIn(folder, vm, chain));
            PointFile.Read(PathIn(folder, vm, chain), key).SignatureState.Should().Be(SignatureState.Wrong);
        }

        PointFile.Write(path, Point);
        PointFile.Read(path, key).SignatureState.Should().Be(SignatureState.None);
        (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).Should().NotContain("signature");
    }

    [Fact]
    public async Task A_journal_with_a_foreign_signature_is_not_continued()
    {
        await using var folder = TestDirectory.Create();
        using var key = SigningKey.Load(SigningKeys.Create(folder.File("key")));
        var path = folder.File("j");
        var tally = new DiskTally { NextBlock = 5, HashLength = 32, HashNodes = [1, 2, 3], Seconds = 1.25 };
        var journal = new DiskJournal(path, "point\na", key);
        journal.Write(tally);
        journal.Read()!.NextBlock.Should().Be(5);
        new DiskJournal(path, "point\nb", key).Read().Should().BeNull("it is another disk's");
        var text = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(path, text.Replace("AQID", "AQIE", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        journal.Read().Should().BeNull("it was altered");
        new DiskJournal(path, "point\na", null).Write(tally);
        journal.Read().Should().BeNull("it is not signed");
        new DiskJournal(path, "point\na", null).Read().Should().NotBeNull();
    }

    [GeneratedRegex("(?<=\"checksum\": \")[0-9a-f]{64}")]
    private static partial Regex Checksum();

    [GeneratedRegex("(?<=\"value\": \")[0-9a-f]{128}")]
    private static partial Regex Value();
}

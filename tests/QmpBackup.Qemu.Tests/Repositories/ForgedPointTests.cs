using System.Text.Json;
using QmpBackup.Hashes;
using QmpBackup.Repository;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Without the key, an attacker who can write to a repository cannot add or change content unnoticed.</summary>
public sealed class ForgedPointTests
{
    private static async Task<Dictionary<(CheckpointId Point, string? Disk),
        VerifyResult>> VerifyAsync(RepositoryLab lab, SigningKey? key, bool require = false, bool quick = false) =>
        (await RepositoryVerifier.VerifyAsync(
            lab.Chain, quick: quick, options: new CheckOptions { SignKey = key, RequireSignature = require }, cancellationToken: Token))
            .ToDictionary(r => (r.Point, r.Disk));

    private static async Task<RepositoryPoint[]> ThreePointsAsync(RepositoryLab lab)
    {
        var points = new RepositoryPoint[3];
        for (var i = 0; i < points.Length; i++)
        {
            foreach (var disk in new[] { "a", "b" })
                await lab.Vm.WriteAsync(disk, i * Mib, (byte)(0x11 * (i + 1) + disk[0]), 3 * Mib);
            points[i] = (await lab.RunAsync()).Pulled.Point;
        }

        points.Select(p => p.Parent).Should().Equal(null, points[0].Id, points[1].Id);
        return points;
    }

    private static void Swap(string one, string two)
    {
        File.Move(one, one + ".x");
        File.Move(two, one);
        File.Move(one + ".x", two);
    }

    // The best possible forgery: other content, its hash, the tree over it, its root in the point, the checksum over the point.
    private static async Task<RepositoryPoint> ForgeAsync(RepositoryLab lab, RepositoryPoint point, SigningKey? key)
    {
        var disk = point.FindDisk("a")!;
        var files = lab.Chain.FilesOf(point, disk);
        (await CommandRunner.RunAsync(QemuBinaries.Host.Io, ["-f", "qcow2", "-c", "write -P 0x99 3M 64k", files.Image], null, Token))
            .EnsureSuccess();
        string digest;
        using (var forged = HashFileWriter.Create(files.Hashes + ".x", disk.Size))
        using (var was = HashFileReader.Open(new HashSource(files.Hashes, disk.Hashes.Digest)))
        {
            var content = new byte[HashBlock.Size];
            content.AsSpan().Fill(0x99);
            for (var block = 0L; block < HashBlock.Count(disk.Size); block++)
            {
                var kind = was.Find(block).Kind;
                if (kind == HashKind.Zero)
                    forged.AddZeroes(block, 1);
                else if (kind == HashKind.Data)
                    forged.Add(block, block == 3 * Mib / HashBlock.Size ? BlockHash.Of(content) : was[block]);
            }

            digest = forged.Complete();
        }

        File.Move(files.Hashes + ".x", files.Hashes, overwrite: true);
        var parent = lab.Chain.Read().Find(disk.Parent!.Value)!.FindDisk("a")!;
        var hashes = disk.Hashes with { Digest = digest, Root = PointHashes.RootOf("a", digest, parent.Hashes.Root) };
        return PointFile.Write(
            lab.Chain.PathOf(point.Id), point with { Disks = point.Disks.Replace(disk, disk with { Hashes = hashes }) }, key);
    }

    [Fact(Timeout = 120_000)]
    public async Task Forged_point_passes_without_the_key_but_not_with_it()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        using var key = SigningKey.Load(SigningKeys.Create(lab.Vm.Directory.File("key")));
        using var half = SigningKey.Load(lab.Vm.Directory.File("key.pub"));
        using var attackerKey = SigningKey.Load(SigningKeys.Create(lab.Vm.Directory.File("attacker")));
        lab.Options = lab.Options with { SignKey = key };
        var points = await ThreePointsAsync(lab);
        points.Should().OnlyContain(p => p.Signature!.Key == key.Id);
        (await VerifyAsync(lab, half, require: true)).Values.Should().OnlyContain(r => r.IsSound && r.Signature == SignatureState.Valid);
        (await VerifyAsync(lab, null)).Values.Should().OnlyContain(r => r.IsSound && r.Signature == SignatureState.Unchecked);

        var forged = points[2];
        foreach (var forger in new[] { attackerKey, null })
        {
            forged = await ForgeAsync(lab, forged, forger);
            (await VerifyAsync(lab, null)).Values.Should().OnlyContain(r => r.IsSound, "nothing shows it without a key");
            var found = await VerifyAsync(lab, half, require: true);
            foreach (var ((point, disk), result) in found)
                result.IsSound.Should().Be(point != forged.Id, "{0}, {1}", point, disk);
            found[(forged.Id, "a")].Signature.Should().Be(forger is null ? SignatureState.None : SignatureState.Wrong);
            // Without a required signature, its absence is reported; a wrong one is still wrong.
            (await VerifyAsync(lab, half))[(forged.Id, "a")].IsSound.Should().Be(forger is null);
            Directory.EnumerateFiles(lab.Chain.Folder, "*.damaged", SearchOption.AllDirectories).Should()
                .BeEmpty("with the right key it may be sound");

            var target = lab.Vm.Directory.File("out.raw");
            var restore = () => new Restorer(lab.Chain, new CheckOptions { SignKey = half, RequireSignature = true })
                .RestoreAsync("latest", "a", target, ImageFormat.Raw, cancellationToken: Token);
            var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
            failure.Code.Should().Be(BackupErrorCode.VerificationFailed);
            failure.Message.Should().Contain(forged.Id.Value).And.Contain("cannot be trusted");
            File.Exists(target).Should().BeFalse();
        }

        await lab.Vm.WriteAsync("a", 0, 0x77, 4096);
        var next = (await lab.RunAsync()).Pulled.Point;
        next.Disks.Should().OnlyContain(
            d => d.Level == BackupLevel.Full && d.Reason.Contains($"point {points[2].Id} cannot be trusted: it is not signed"));
        (await VerifyAsync(lab, half, require: true))[(next.Id, "a")].IsSound.Should().BeTrue();
    }

    [Fact(Timeout = 120_000)]
    public async Task Swapped_files_are_detected()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        using var key = SigningKey.Load(SigningKeys.Create(lab.Vm.Directory.File("key")));
        lab.Options = lab.Options with { SignKey = key };
        var points = await ThreePointsAsync(lab);
        string Hashes(int point, string disk) => lab.Chain.FilesOf(points[point], points[point].FindDisk(disk)!).Hashes;
        async Task CheckAsync(string what, int tampered, Action tamper, Action repair)
        {
            tamper();
            foreach (var quick in new[] { true, false })
            {
                var found = await VerifyAsync(lab, key, require: true, quick);
                found.Where(f => f.Key.Point == points[tampered].Id).Should().Contain(f => !f.Value.IsSound, what);
                found.Where(f => f.Key.Point == points[2].Id).Should().Contain(f => !f.Value.IsSound, what);
                if (tampered > 0)
                    found.Where(f => f.Key.Point == points[0].Id).Should().OnlyContain(f => f.Value.IsSound, what);
            }

            repair();
            (await VerifyAsync(lab, key, require: true)).Values.Should().OnlyContain(r => r.IsSound, "{0}, repaired", what);
        }

        void Both(int one, int two, string disk) => Swap(Hashes(one, disk), Hashes(two, disk));
        await CheckAsync("hashes of two points", 1, () => Both(1, 2, "a"), () => Both(1, 2, "a"));
        await CheckAsync("hashes of two disks", 1, () => Swap(Hashes(1, "a"), Hashes(1, "b")), () => Swap(Hashes(1, "a"), Hashes(1, "b")));
        await CheckAsync("two points", 1, () => Swap(lab.Chain.PathOf(points[1].Id), lab.Chain.PathOf(points[2].Id)),
            () => Swap(lab.Chain.PathOf(points[1].Id), lab.Chain.PathOf(points[2].Id)));
        byte[] whole = [.. await File.ReadAllBytesAsync(Hashes(0, "a"), Token)];
        await CheckAsync("hashes that end early", 0, () => File.WriteAllBytes(Hashes(0, "a"), whole[..^1]),
            () => File.WriteAllBytes(Hashes(0, "a"), whole));
        await CheckAsync("hashes with something behind them", 0, () => File.WriteAllBytes(Hashes(0, "a"), [.. whole, .. whole]),
            () => File.WriteAllBytes(Hashes(0, "a"), whole));
        byte[] point = [.. await File.ReadAllBytesAsync(lab.Chain.PathOf(points[1].Id), Token)];
        await CheckAsync("the disks of a point", 1,
            () => PointFile.Write(lab.Chain.PathOf(points[1].Id), points[1] with { Disks = [.. points[1].Disks.Reverse()] }),
            () => File.WriteAllBytes(lab.Chain.PathOf(points[1].Id), point));
    }

    [Fact(Timeout = 120_000)]
    public async Task Signing_starts_with_a_full_and_ends_with_a_run_without_a_key()
    {
        await using var lab = await RepositoryLab.StartAsync();
        var key = SigningKeys.Create(lab.Vm.Directory.File("key"));
        async Task<JsonElement> JsonAsync(int exit, params string[] arguments)
        {
            var result = await Qbackup.RunAsync([.. arguments, "--repo", lab.Repository.Path, "-o", "json"], null, Token);
            result.ExitCode.Should().Be(exit, "{0}\n{1}{2}", string.Join(' ', arguments), result.Stdout, result.Stderr);
            (result.Stdout + result.Stderr).Should().NotContain("PRIVATE KEY");
            return result.Stdout.Length == 0 ? default : JsonDocument.Parse(result.Stdout).RootElement;
        }

        string[] run = ["run", "--qmp", lab.Vm.QmpEndpoint, "--scratch-dir", lab.Vm.Directory.Path];
        string Level(JsonElement result) => result.GetProperty("point").GetProperty("disks")[0].GetProperty("level").GetString()!;
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        Level(await JsonAsync(0, run)).Should().Be("full");
        var signed = await JsonAsync(0, [.. run, "--sign-key", key]);
        Level(signed).Should().Be("full");
        signed.GetProperty("point").GetProperty("disks")[0].GetProperty("reason").GetString().Should().Contain("not signed");
        var id = signed.GetProperty("point").GetProperty("signedBy").GetString();
        id.Should().HaveLength(16);
        await lab.Vm.WriteAsync("a", Mib, 0x22, Mib);
        Level(await JsonAsync(0, [.. run, "--sign-key", key])).Should().Be("incremental");
        await JsonAsync(2, [.. run, "--sign-key", key + ".pub"]);

        var target = lab.Vm.Directory.File("out.raw");
        string[] restore = ["restore", "--point", "latest", "--disk", "a", "--format", "raw", "--force", "--to", target];
        await JsonAsync(0, [.. restore, "--sign-key", key + ".pub", "--require-signature"]);
        (await File.ReadAllBytesAsync(target, Token)).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
        (await JsonAsync(0, "list")).GetProperty("points").EnumerateArray().Select(p => p.GetProperty("signedBy").GetString()).Should()
            .Equal(null, id, id);
        (await Qbackup.RunAsync(["list", "--repo", lab.Repository.Path], null, Token)).Stdout.Should().Contain("; 2 signed")
            .And.Contain("not signed");
        string[] Signatures(JsonElement result) =>
            [.. result.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("signature").GetString()!)];
        Signatures(await JsonAsync(0, "verify")).Should().Equal("none", "unchecked", "unchecked");
        Signatures(await JsonAsync(0, "verify", "--sign-key", key + ".pub")).Should().Equal("none", "valid", "valid");
        Signatures(await JsonAsync(6, "verify", "--sign-key", key + ".pub", "--require-signature")).Should()
            .Equal("none", "valid", "valid");
        await JsonAsync(2, "verify", "--require-signature");
        // They are not reported as damaged.
        string[] strict = ["--sign-key", key + ".pub", "--require-signature", "--repo", lab.Repository.Path];
        var untrusted = await Qbackup.RunAsync(["verify", .. strict], null, Token);
        untrusted.ExitCode.Should().Be(6);
        untrusted.Stdout.Should().Contain("untrusted testvm").And.Contain("1 of 3 disks in 3 points cannot be trusted")
            .And.NotContain("damaged");
        (await Qbackup.RunAsync(["verify", "--sign-key", key, "--repo", lab.Repository.Path], null, Token)).Stdout.Should()
            .Contain("2 points of 3 signed with this key").And.Contain("not signed: testvm");

        // Without the key, an increment is taken as usual, and cannot be trusted.
        Level(await JsonAsync(0, run)).Should().Be("incremental");
        var points = lab.Chain.Read().Points;
        // Signed now, on a parent that still is not.
        PointFile.Write(lab.Chain.PathOf(points[^2].Id), points[^2]);
        using (var signer = SigningKey.Load(key))
            PointFile.Write(lab.Chain.PathOf(points[^1].Id), points[^1], signer);
        var above = await Qbackup.RunAsync(
            ["restore", "--point", points[^1].Id.Value, "--disk", "a", "--to", lab.Vm.Directory.File("no"), .. strict], null, Token);
        above.ExitCode.Should().Be(6, above.Stderr);
        above.Stderr.Should().Contain($"point {points[^2].Id}, which it is built on, cannot be trusted: it is not signed")
            .And.NotContain("damaged");
        await JsonAsync(0, restore);
        File.Delete(target);
        await JsonAsync(6, [.. restore, "--sign-key", key + ".pub", "--require-signature"]);
        File.Exists(target).Should().BeFalse();
        await JsonAsync(0, "restore", "--point", signed.GetProperty("point").GetProperty("id").GetString()!, "--to",
            lab.Vm.Directory.File("all"), "--sign-key", key + ".pub", "--require-signature");
    }
}

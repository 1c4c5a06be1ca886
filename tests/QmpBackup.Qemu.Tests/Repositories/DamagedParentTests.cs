using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// For every kind of damage: verify names it, restore refuses, run takes the disk in full with the reason, and the new chain is sound.
/// </summary>
public sealed class DamagedParentTests
{
    /// <summary>A kind of damage to disk a of the second of three points.</summary>
    private sealed record Damage(
        string Problem, Func<string, RepositoryPoint[], Task> DoAsync, bool NeedsReading = false, bool AllDisks = false);

    private static readonly Dictionary<string, Damage> AllDamage = new()
    {
        ["flipped bytes of data"] = new("the content is not what was written", (f, _) => Flip(f + ".qcow2", -1000), NeedsReading: true),
        ["flipped bytes of the map"] = new("", (f, _) => Flip(f + ".qcow2", (4 << 16) + (16 * 8) + 4), NeedsReading: true),
        ["flipped version"] = new("has a damaged header", (f, _) => Flip(f + ".qcow2", 7)),
        ["flipped virtual size"] = new("the disk has", (f, _) => Flip(f + ".qcow2", 28)),
        ["flipped place of the map"] = new("has a damaged header", (f, _) => Flip(f + ".qcow2", 42)),
        ["marked as corrupt"] = new("has a damaged header", (f, _) => FlipBit(f + ".qcow2", 79, 2)),
        ["truncated image"] = new("bytes, but", (f, _) => Sync(() => Truncate(f + ".qcow2"))),
        ["missing image"] = new(".qcow2 is missing", (f, _) => Sync(() => File.Delete(f + ".qcow2"))),
        ["flipped hash"] = new(".hashes was altered", (f, _) => Flip(f + ".hashes", 60)),
        ["missing hashes"] = new(".hashes is missing", (f, _) => Sync(() => File.Delete(f + ".hashes"))),
        ["images of two points swapped"] = new("is built on",
            (f, p) => Sync(() => Swap(f + ".qcow2", f.Replace(p[1].Id.Value, p[2].Id.Value, StringComparison.Ordinal) + ".qcow2"))),
        ["all files of two points swapped"] = new("", (f, p) => Sync(() => SwapFiles(f, p)), AllDisks: true),
        ["disks swapped"] = new("the content is not what was written", (f, _) => Sync(() => Swap(f + ".qcow2", BesideOf(f))),
            NeedsReading: true, AllDisks: true),
        ["image written by another program"] = new(
            "the content is not what was written", (f, _) => WriteAsync(f + ".qcow2"), NeedsReading: true),
        ["image rebased"] = new(
            "is built on", (f, _) => QemuImgAsync("rebase", "-u", "-F", "qcow2", "-b", "elsewhere/a.qcow2", f + ".qcow2")),
        ["image committed away"] = new("", (f, p) => ConvertAsync(f + ".qcow2")),
        ["altered description"] = new(
            ".json was altered", (f, _) => AlterAsync(f, "\"level\": \"incremental\"", "\"level\": \"full\""), AllDisks: true),
        ["description cut off"] = new(".json cannot be read", (f, _) => Sync(() => Truncate(JsonOf(f))), AllDisks: true),
        ["missing description"] = new(".json is missing", (f, _) => Sync(() => File.Delete(JsonOf(f))), AllDisks: true),
        ["missing files"] = new("the point is missing", (f, _) => Sync(() => FilesOf(f).ForEach(File.Delete)), AllDisks: true),
    };

    public static TheoryData<string> Kinds => [.. AllDamage.Keys];

    [Theory(Timeout = 90_000)]
    [MemberData(nameof(Kinds))]
    public async Task Damage_is_reported_and_restore_refuses_it_and_no_increment_is_built_on_it(string kind)
    {
        var damage = AllDamage[kind];
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        var points = new RepositoryPoint[3];
        for (var i = 0; i < 3; i++)
        {
            foreach (var disk in new[] { "a", "b" })
                await lab.Vm.WriteAsync(disk, i * Mib, (byte)((0x11 * (i + 1)) + disk[0]), 3 * Mib);
            points[i] = (await lab.RunAsync()).Pulled.Point;
        }

        await damage.DoAsync(Path.Combine(lab.Chain.Folder, "a", points[1].Id.Value), points);
        // File times make no difference.
        foreach (var file in Directory.EnumerateFiles(lab.Chain.Folder, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-file.Length % 50));

        // A run knows about wrong content only after the content was read.
        if (!damage.NeedsReading)
            await ShouldBeTakenInFullAsync(lab, points, damage);
        foreach (var quick in damage.NeedsReading ? [false] : new[] { true, false })
        {
            var found = (await RepositoryVerifier.VerifyAsync(lab.Chain, quick: quick, cancellationToken: Token))
                .ToDictionary(r => (r.Point, r.Disk), r => r.Fault);
            found[(points[0].Id, "a")].Should().BeNull();
            if (kind != "missing files")
            {
                var fault = found.GetValueOrDefault((points[1].Id, "a")) ?? found[(points[1].Id, null)];
                fault!.Point.Should().Be(points[1].Id);
                fault.Problem.Should().Match($"*{damage.Problem}*");
            }

            (found.GetValueOrDefault((points[2].Id, "a")) ?? found[(points[2].Id, null)]).Should().NotBeNull();
            if (!damage.AllDisks)
                found.Where(f => f.Key.Disk == "b").Should().OnlyContain(f => f.Value == null);
        }

        foreach (var point in points[1..])
        {
            if (kind == "missing files" && point == points[1])
                continue;
            var restore = () => new Restorer(lab.Chain)
                .RestoreAsync(point.Id.Value, "a", lab.Vm.Directory.File("out.raw"), ImageFormat.Raw, cancellationToken: Token);
            var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
            failure.Code.Should()
                .Be(kind == "missing description" && point == points[1] ? failure.Code : BackupErrorCode.VerificationFailed);
            Directory.EnumerateFiles(lab.Vm.Directory.Path, "out.raw*").Should().BeEmpty();
        }

        (await lab.RestoreAsync(points[0].Id.Value, "a")).AsSpan().SequenceEqual(lab.Expected[(points[0].Id, "a")]).Should().BeTrue();
        if (damage.NeedsReading)
            await ShouldBeTakenInFullAsync(lab, points, damage);

        // The chain continues from the new full.
        await lab.Vm.WriteAsync("a", 5 * Mib, 0x78, Mib);
        var last = (await lab.RunAsync()).Pulled.Point;
        last.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Incremental);
        foreach (var disk in new[] { "a", "b" })
            (await lab.RestoreAsync(last.Id.Value, disk)).AsSpan().SequenceEqual(lab.Vm.Snapshot(disk)).Should().BeTrue(disk);
        (await RepositoryVerifier.VerifyAsync(lab.Chain, last.Id.Value, "a", cancellationToken: Token)).Should()
            .OnlyContain(r => r.IsSound || r.Disk != "a" || r.Fault!.Point == points[1].Id);
    }

    private static async Task ShouldBeTakenInFullAsync(RepositoryLab lab, RepositoryPoint[] points, Damage damage)
    {
        await lab.Vm.WriteAsync("a", 0, 0x77, 4096);
        var next = (await lab.RunAsync()).Pulled.Point;
        var disk = next.FindDisk("a")!;
        disk.Level.Should().Be(BackupLevel.Full);
        disk.Reason.Should().Contain(points[2].Id.Value).And.Contain("not sound");
        if (!damage.AllDisks)
            next.FindDisk("b")!.Level.Should().Be(BackupLevel.Incremental);
        (await lab.RestoreAsync(next.Id.Value, "a")).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
        (await RepositoryVerifier.VerifyAsync(lab.Chain, next.Id.Value, "a", cancellationToken: Token))
            .Single(r => r.Point == next.Id && r.Disk == "a").IsSound.Should().BeTrue();
    }

    private static string ChainOf(string file) => Path.GetDirectoryName(Path.GetDirectoryName(file)!)!;

    private static string JsonOf(string file) => Path.Combine(ChainOf(file), Path.GetFileName(file) + ".json");

    private static string BesideOf(string file) => Path.Combine(ChainOf(file), "b", Path.GetFileName(file) + ".qcow2");

    private static List<string> FilesOf(string file) =>
        [.. Directory.EnumerateFiles(ChainOf(file), Path.GetFileName(file) + ".*", SearchOption.AllDirectories)];

    private static Task Sync(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static Task Flip(string path, long offset) => FlipBit(path, offset, 0x40);

    private static Task FlipBit(string path, long offset, byte bit) => Sync(() =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        if (offset < 0)
            offset += file.Length;
        file.Seek(offset, SeekOrigin.Begin);
        var value = file.ReadByte();
        file.Seek(offset, SeekOrigin.Begin);
        file.WriteByte((byte)(value ^ bit));
    });

    private static void Truncate(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(file.Length / 2);
    }

    private static void Swap(string one, string two)
    {
        File.Move(one, one + ".x");
        File.Move(two, one);
        File.Move(one + ".x", two);
    }

    private static void SwapFiles(string of, RepositoryPoint[] points)
    {
        foreach (var file in FilesOf(of))
            Swap(file, file.Replace(points[1].Id.Value, points[2].Id.Value, StringComparison.Ordinal));
    }

    private static async Task AlterAsync(string file, string what, string with)
    {
        var text = await File.ReadAllTextAsync(JsonOf(file), Token);
        text.Should().Contain(what);
        await File.WriteAllTextAsync(JsonOf(file), text.Replace(what, with, StringComparison.Ordinal), Token);
    }

    private static async Task WriteAsync(string image)
    {
        var length = new FileInfo(image).Length;
        (await CommandRunner.RunAsync(QemuBinaries.Host.Io, ["-f", "qcow2", "-c", "write -P 0x99 2M 64k", image], null, Token))
            .EnsureSuccess();
        new FileInfo(image).Length.Should().Be(length);
    }

    private static async Task ConvertAsync(string image)
    {
        await QemuImgAsync("convert", "-O", "qcow2", image, image + ".x");
        File.Move(image + ".x", image, overwrite: true);
    }

    private static async Task QemuImgAsync(params string[] arguments) =>
        await CommandRunner.RunCheckedAsync(QemuBinaries.Host.Img, arguments);
}

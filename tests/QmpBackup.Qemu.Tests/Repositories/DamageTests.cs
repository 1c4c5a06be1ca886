using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Any change to a repository's files is found and named, and no backup is built on it.</summary>
public sealed class DamageTests
{
    private static async Task<(RepositoryLab Lab, RepositoryPoint[] Points)> ThreePointsAsync()
    {
        var lab = await RepositoryLab.StartAsync();
        var points = new List<RepositoryPoint>();
        for (var i = 0; i < 3; i++)
        {
            await lab.Vm.WriteAsync("a", i * Mib, (byte)(0x11 * (i + 1)), 3 * Mib);
            points.Add((await lab.RunAsync()).Pulled.Point);
        }

        points.Select(p => p.Parent).Should().Equal(null, points[0].Id, points[1].Id);
        return (lab, [.. points]);
    }

    private static async Task<Dictionary<CheckpointId, DiskFault?>> VerifyAsync(RepositoryLab lab, bool quick = false) =>
        (await RepositoryVerifier.VerifyAsync(lab.Chain, quick: quick, cancellationToken: Token)).ToDictionary(r => r.Point, r => r.Fault);

    private static void Flip(string path, long offset)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Seek(offset, SeekOrigin.Begin);
        var value = file.ReadByte();
        file.Seek(offset, SeekOrigin.Begin);
        file.WriteByte((byte)(value ^ 0x40));
    }

    private static async Task ShouldRefuseAsync(RepositoryLab lab, string point, string damaged)
    {
        var target = lab.Vm.Directory.File("out.raw");
        var restore = () => new Restorer(lab.Chain).RestoreAsync(point, "a", target, ImageFormat.Raw, cancellationToken: Token);
        var failure = (await restore.Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.VerificationFailed);
        failure.Message.Should().Contain(damaged);
        Directory.EnumerateFiles(lab.Vm.Directory.Path, "out.raw*").Should().BeEmpty();
    }

    [Fact(Timeout = 90_000)]
    public async Task Flipped_byte_is_located_and_nothing_is_built_on_it()
    {
        var (lab, points) = await ThreePointsAsync();
        await using var _ = lab;
        var image = lab.ImageOf(points[1], "a");
        Flip(image, new FileInfo(image).Length - 1000);

        // Restore finds it even if verify did not run before.
        await ShouldRefuseAsync(lab, points[1].Id.Value, points[1].Id.Value);
        var found = await VerifyAsync(lab);
        found[points[0].Id].Should().BeNull();
        found[points[1].Id]!.Point.Should().Be(points[1].Id);
        found[points[1].Id]!.Problem.Should().Contain("the content is not what was written at offset");
        found[points[2].Id]!.Point.Should().Be(points[1].Id);
        await ShouldRefuseAsync(lab, points[2].Id.Value, points[1].Id.Value);
        (await lab.RestoreAsync(points[0].Id.Value, "a")).AsSpan().SequenceEqual(lab.Expected[(points[0].Id, "a")]).Should().BeTrue();

        await lab.Vm.WriteAsync("a", 0, 0x77, 4096);
        var next = (await lab.RunAsync()).Pulled.Point;
        next.Disks.Single().Level.Should().Be(BackupLevel.Full);
        next.Disks.Single().Reason.Should().Contain(points[1].Id.Value);
        (await lab.RestoreAsync("latest", "a")).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
    }

    [Fact(Timeout = 90_000)]
    public async Task Missing_truncated_and_swapped_files_are_found_without_reading_content()
    {
        var (lab, points) = await ThreePointsAsync();
        await using var _ = lab;
        async Task CheckAsync(string what, int damaged, Action damage, Action repair)
        {
            damage();
            foreach (var quick in new[] { true, false })
            {
                var found = await VerifyAsync(lab, quick);
                for (var i = 0; i < points.Length; i++)
                {
                    if (i < damaged)
                        found[points[i].Id].Should().BeNull(what);
                    else
                        found[points[i].Id]!.Point.Should().Be(points[damaged].Id, what);
                }
            }

            await ShouldRefuseAsync(lab, "latest", points[damaged].Id.Value);
            lab.Chain.Read().FindFault(lab.Chain.Read().Points[^1], points[^1].Disks[0]).Should().NotBeNull(what);
            lab.Chain.Read().NewestSound("a")!.Id.Should().Be(points[damaged - 1].Id, what);
            repair();
            (await VerifyAsync(lab)).Values.Should().OnlyContain(f => f == null, what);
        }

        var image = lab.ImageOf(points[1], "a");
        var other = lab.ImageOf(points[2], "a");
        var hashes = Path.ChangeExtension(image, ".hashes");
        await CheckAsync("missing image", 1, () => File.Move(image, image + ".x"), () => File.Move(image + ".x", image));
        await CheckAsync("missing hashes", 1, () => File.Move(hashes, hashes + ".x"), () => File.Move(hashes + ".x", hashes));
        byte[] whole = [.. await File.ReadAllBytesAsync(image)];
        await CheckAsync("truncated", 1, () => File.WriteAllBytes(image, whole[..^65536]), () => File.WriteAllBytes(image, whole));
        await CheckAsync("flipped hash", 1, () => Flip(hashes, 100), () => Flip(hashes, 100));
        await CheckAsync("swapped images", 1, () => Swap(image, other), () => Swap(image, other));
    }

    [Fact(Timeout = 90_000)]
    public async Task Point_is_verified_with_everything_that_its_disks_are_built_on()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        var first = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("b", 0, 0x22, Mib);
        var second = (await lab.RunAsync()).Pulled.Point;
        // From here on the two disks have different parents.
        var third = (await lab.RunAsync(r => r with { Exclude = ["b"], Level = LevelChoice.Full })).Pulled.Point;
        await lab.Vm.WriteAsync("a", 0, 0x33, Mib);
        await lab.Vm.WriteAsync("b", Mib, 0x33, Mib);
        var last = (await lab.RunAsync()).Pulled.Point;
        last.Disks.Select(d => d.Parent).Should().Equal(third.Id, second.Id);

        var sound = await RepositoryVerifier.VerifyAsync(lab.Chain, last.Id.Value, cancellationToken: Token);
        sound.Select(r => (r.Point, r.Disk, r.IsSound)).Should().Equal(
            (first.Id, "b", true), (second.Id, "b", true), (third.Id, "a", true), (last.Id, "a", true), (last.Id, "b", true));
        var image = lab.ImageOf(second, "b");
        Flip(image, new FileInfo(image).Length - 1000);
        var faults = await RepositoryVerifier.VerifyAsync(lab.Chain, last.Id.Value, cancellationToken: Token);
        faults.Where(r => !r.IsSound).Select(r => (r.Point, r.Disk, r.Fault!.Point)).Should()
            .Equal((second.Id, "b", second.Id), (last.Id, "b", second.Id));
    }

    [Fact(Timeout = 90_000)]
    public async Task Damage_stays_noted_while_the_parent_is_damaged_too()
    {
        var (lab, points) = await ThreePointsAsync();
        await using var _ = lab;
        var images = points.Select(p => lab.ImageOf(p, "a")).ToArray();
        Flip(images[2], new FileInfo(images[2]).Length - 1000);
        (await VerifyAsync(lab))[points[2].Id]!.Point.Should().Be(points[2].Id);
        Flip(images[1], new FileInfo(images[1]).Length - 1000);
        (await VerifyAsync(lab))[points[2].Id]!.Point.Should().Be(points[1].Id);
        File.Exists(lab.FilesOf(points[2], "a").Damage).Should().BeTrue();

        // After the repair, the first is sound again, and the second is read again.
        Flip(images[1], new FileInfo(images[1]).Length - 1000);
        var found = await VerifyAsync(lab);
        found[points[1].Id].Should().BeNull();
        found[points[2].Id]!.Point.Should().Be(points[2].Id);
    }

    [Fact(Timeout = 90_000)]
    public async Task Altered_description_makes_the_point_and_those_built_on_it_unsound()
    {
        var (lab, points) = await ThreePointsAsync();
        await using var _ = lab;
        var json = lab.Chain.PathOf(points[1].Id);
        var text = await File.ReadAllTextAsync(json);
        await File.WriteAllTextAsync(json, text.Replace("\"sequence\": 2", "\"sequence\": 9", StringComparison.Ordinal));
        var found = await VerifyAsync(lab);
        found[points[1].Id]!.Problem.Should().Be($"{points[1].Id}.json was altered");
        found[points[2].Id]!.Point.Should().Be(points[1].Id);
        await ShouldRefuseAsync(lab, points[2].Id.Value, points[1].Id.Value);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);

        await File.WriteAllTextAsync(json, text);
        (await VerifyAsync(lab)).Values.Should().OnlyContain(f => f == null);
    }

    [Fact(Timeout = 90_000)]
    public async Task Swapped_files_are_found_and_file_times_have_no_effect()
    {
        var (lab, points) = await ThreePointsAsync();
        await using var _ = lab;
        for (var i = 0; i < 3; i++)
        {
            foreach (var file in FilesOf(lab, points[i]))
                File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-i));
        }

        lab.Chain.Read().Points.Select(p => p.Id).Should().Equal(points.Select(p => p.Id));
        await lab.ShouldAllBeRightAsync();

        foreach (var file in FilesOf(lab, points[1]))
            Swap(file, file.Replace(points[1].Id.Value, points[2].Id.Value, StringComparison.Ordinal));
        var found = await VerifyAsync(lab);
        found[points[1].Id]!.Problem.Should().Contain("that of point " + points[2].Id);
        found[points[2].Id]!.Problem.Should().Contain("that of point " + points[1].Id);
        (await lab.RunAsync()).Pulled.Point.Disks.Single().Level.Should().Be(BackupLevel.Full);
    }

    private static List<string> FilesOf(RepositoryLab lab, RepositoryPoint point) =>
        [.. Directory.EnumerateFiles(lab.Chain.Folder, point.Id + ".*", SearchOption.AllDirectories)];

    private static void Swap(string one, string two)
    {
        File.Move(one, one + ".x");
        File.Move(two, one);
        File.Move(one + ".x", two);
    }
}

using System.Text.Json;
using QmpBackup.Qemu.Tests.Pulling;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// An error that prevents reading a point is not recorded as damage. An image that can never be opened is damaged.
/// </summary>
public sealed class ReadFailureTests
{
    // Compressed images are read by qemu-nbd, plain ones are not.
    private static async Task<(RepositoryLab Lab, RepositoryPoint[] Points)> PointsAsync(int count, bool compress = false)
    {
        var lab = await RepositoryLab.StartAsync();
        lab.Options = new PullOptions { Compress = compress };
        var points = new List<RepositoryPoint>();
        for (var i = 0; i < count; i++)
        {
            await lab.Vm.WriteAsync("a", i * Mib, (byte)(0x11 * (i + 1)), 3 * Mib);
            points.Add((await lab.RunAsync()).Pulled.Point);
        }

        return (lab, [.. points]);
    }

    private static string Script(RepositoryLab lab, string text)
    {
        var path = Path.Combine(lab.Vm.Directory.Folder("tools-" + Guid.NewGuid().ToString("N")), "qemu-nbd");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\nexec '{CommandRunner.Find("qemu-nbd")}' \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private static IEnumerable<string> Notes(RepositoryLab lab) =>
        Directory.EnumerateFiles(lab.Repository.Path, "*.damaged*", SearchOption.AllDirectories);

    [Theory(Timeout = 120_000)]
    [InlineData("not there", null)]
    [InlineData("killed at once", "kill -9 $$")]
    [InlineData("few file descriptors", "ulimit -n 6")]
    [InlineData("little memory", "ulimit -v 20000")]
    [InlineData("refuses everything", "echo 'qemu-nbd: no' >&2; exit 1")]
    public async Task Nothing_is_called_damaged_if_no_image_at_all_can_be_read(string what, string? script)
    {
        var (lab, points) = await PointsAsync(2, compress: true);
        await using var _ = lab;
        var options = new CheckOptions
        {
            Tools = new QemuTools
            {
                QemuNbd = script is null ? lab.Vm.Directory.File("nowhere/qemu-nbd")
            : Script(lab, script)
            }
        };
        var verify = () => RepositoryVerifier.VerifyAsync(lab.Chain, options: options, cancellationToken: Token);
        (await verify.Should().ThrowAsync<BackupException>(what)).Which.Code.Should().Be(BackupErrorCode.Storage, what);
        var restore = () => new Restorer(lab.Chain, options with { Tools = options.Tools with { QemuImg = "/bin/false" } })
            .RestoreAsync("latest", "a", lab.Vm.Directory.File("out"), ImageFormat.Raw, cancellationToken: Token);
        (await restore.Should().ThrowAsync<BackupException>(what)).Which.Code.Should().Be(BackupErrorCode.Storage, what);
        Notes(lab).Should().BeEmpty(what);

        // The point stays usable: the next increment is built on it.
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(points[1].Id);
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Plain_points_are_verified_without_any_program()
    {
        var (lab, points) = await PointsAsync(2);
        await using var _ = lab;
        var options = new CheckOptions { Tools = new QemuTools { QemuNbd = "/bin/false", QemuImg = "/bin/false" } };
        var results = await RepositoryVerifier.VerifyAsync(lab.Chain, options: options, cancellationToken: Token);
        results.Select(r => r.Point).Should().Equal(points.Select(p => p.Id));
        results.Should().OnlyContain(r => r.IsSound);
    }

    [Fact(Timeout = 120_000)]
    public async Task Single_failure_of_qemu_nbd_is_not_damage()
    {
        var (lab, _) = await PointsAsync(2, compress: true);
        await using var disposed = lab;
        var once = lab.Vm.Directory.File("once");
        var faulty = InjectedFaults.Wrap(lab.Vm.Directory, "qemu-nbd", "pread64,preadv:error=EIO:when=12+");
        foreach (var (
            what, act) in new[] { ("killed", "kill -9 $$"), ("refused", "exit 1"), ("errors while reading", $"exec '{faulty}' \"$@\"") })
        {
            File.Delete(once);
            var tools = new QemuTools { QemuNbd = Script(lab, $"if [ ! -e '{once}' ]; then touch '{once}'; {act}; fi") };
            var results = await RepositoryVerifier.VerifyAsync(
                lab.Chain, options: new CheckOptions { Tools = tools }, cancellationToken: Token);
            File.Exists(once).Should().BeTrue(what);
            results.Should().HaveCount(2).And.OnlyContain(r => r.IsSound, what);
        }

        Notes(lab).Should().BeEmpty();
    }

    [Fact(Timeout = 120_000)]
    public async Task File_system_error_is_reported_with_its_point_and_not_remembered()
    {
        var (lab, points) = await PointsAsync(3);
        await using var _ = lab;
        var image = lab.ImageOf(points[1], "a");
        foreach (var when in new[] { "1+", "4+" })
        {
            var verify = await InjectedFaults.RunAsync(
                "pread64,preadv:error=EIO:when=" + when, [image], "verify", "--repo", lab.Repository.Path, "-o", "json");
            verify.ExitCode.Should().Be(8, "{0}: {1}", when, verify);
            var results = JsonDocument.Parse(verify.Stdout).RootElement.GetProperty("results").EnumerateArray().ToList();
            results.Select(r => r.GetProperty("sound").GetBoolean()).Should().Equal(true, false, false);
            results.Select(r => r.GetProperty("unread").GetBoolean()).Should().Equal(false, true, true);
            results[2].GetProperty("damagedPoint").GetString().Should().Be(points[1].Id.Value);
            results[1].GetProperty("problem").GetString().Should().Contain("nput/output error");
            var restore = await InjectedFaults.RunAsync("pread64,preadv:error=EIO:when=" + when, [image], "restore", "--repo",
                lab.Repository.Path, "--point", "latest", "--disk", "a", "--to", lab.Vm.Directory.File("out"));
            restore.ExitCode.Should().BeOneOf(when == "1+" ? [8] : [0, 8], "{0}: {1}", when, restore);
            Notes(lab).Should().BeEmpty(when);
        }

        // A wrong note is removed when the point is read.
        await File.WriteAllTextAsync(Path.ChangeExtension(image, ".damaged"), "qemu-nbd cannot be run\n", Token);
        lab.Chain.Read().FindFault(points[1], points[1].Disks[0]).Should().NotBeNull();
        (await RepositoryVerifier.VerifyAsync(lab.Chain, cancellationToken: Token)).Should().OnlyContain(r => r.IsSound);
        await lab.ShouldAllBeRightAsync();
        (await lab.RunAsync()).Pulled.Point.Parent.Should().Be(points[2].Id);
    }

    [Fact(Timeout = 180_000)]
    public async Task Image_that_cannot_be_opened_is_damaged_and_the_others_are_read()
    {
        var (lab, points) = await PointsAsync(3);
        await using var _ = lab;
        var image = lab.ImageOf(points[1], "a");
        var whole = await File.ReadAllBytesAsync(image, Token);
        var name = whole.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(points[0].Id.Value));
        var format = whole.AsSpan().IndexOf("qcow2"u8);
        (string What, int At)[] edits =
        [
            ("magic", 0), ("version", 7), ("place of the backing file's name", 15), ("length of the backing file's name", 19),
                ("cluster bits", 23), ("virtual size", 31), ("encryption", 35),
            ("entries of the map", 36), ("place of the map", 47), ("place of the map, out of the file", 45), ("place of the refcounts", 55),
                ("length of the refcounts", 56),
            ("features", 79), ("refcount bits", 99), ("length of the header", 101), ("format of the backing file", format + 1),
                ("backing file", name + 3),
        ];
        foreach (var (what, at) in edits)
        {
            byte[] edited = [.. whole];
            edited[at] ^= 0x40;
            await File.WriteAllBytesAsync(image, edited, Token);
            var found = (await RepositoryVerifier.VerifyAsync(lab.Chain, cancellationToken: Token))
                .ToDictionary(r => r.Point, r => r.Fault);
            found[points[0].Id].Should().BeNull(what);
            found[points[1].Id].Should().NotBeNull(what);
            found[points[1].Id]!.Should().Match<DiskFault>(f => f.Point == points[1].Id && !f.IsUnread, what);
            found[points[2].Id]!.Point.Should().Be(points[1].Id, what);
            var restore = () => lab.RestoreAsync("latest", "a");
            (await restore.Should().ThrowAsync<BackupException>(what)).Which.Should()
                .Match<BackupException>(e => e.Code == BackupErrorCode.VerificationFailed && e.Message.Contains(points[1].Id.Value), what);
        }

        // Restore finds it even if nothing was verified before, and a run does not fail because of it.
        File.Delete(Path.ChangeExtension(image, ".damaged"));
        byte[] last = [.. whole];
        last[23] ^= 0x40;
        await File.WriteAllBytesAsync(image, last, Token);
        var verify = await Qbackup.RunAsync(["verify", "--repo", lab.Repository.Path], null, Token);
        verify.ExitCode.Should().Be(6, verify.Stderr);
        verify.Stdout.Should().Contain("luster size").And.Contain(points[1].Id.Value);
        File.Delete(Path.ChangeExtension(image, ".damaged"));
        var unverified = () => lab.RestoreAsync("latest", "a");
        (await unverified.Should().ThrowAsync<BackupException>()).Which.Code.Should().Be(BackupErrorCode.VerificationFailed);
        var next = (await lab.RunAsync()).Pulled.Point;
        next.Disks.Single().Level.Should().Be(BackupLevel.Full);
        next.Disks.Single().Reason.Should().Contain(points[1].Id.Value);

        await File.WriteAllBytesAsync(image, whole, Token);
        (await RepositoryVerifier.VerifyAsync(lab.Chain, cancellationToken: Token)).Should().OnlyContain(r => r.IsSound);
        await lab.ShouldAllBeRightAsync();
    }
}

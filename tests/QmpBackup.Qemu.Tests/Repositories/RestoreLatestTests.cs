using System.Text.Json;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>"latest" is the newest point of each disk. An older one is never restored without a request.</summary>
public sealed class RestoreLatestTests
{
    private static Task<CommandResult> RestoreAsync(RepositoryLab lab, params string[] arguments) =>
        Qbackup.RunAsync(["restore", "--repo", lab.Repository.Path, .. arguments], null, Token);

    private static async Task<(RepositoryLab Lab, string First, string Second)> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = Mib }, new TestDisk("b") { Size = Mib });
        await lab.Vm.WriteAsync("a", 0, 0x11, 65536);
        await lab.Vm.WriteAsync("b", 0, 0x12, 65536);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", 65536, 0x21, 65536);
        await lab.Vm.WriteAsync("b", 65536, 0x22, 65536);
        await lab.RunAsync(request => request with { Disks = ["b"] });
        return (lab, lab.Chain.Read().Points[0].Id.Value, lab.Chain.Read().Points[1].Id.Value);
    }

    [Fact(Timeout = 90_000)]
    public async Task Every_disk_is_restored_in_its_newest_state_and_different_points_are_reported()
    {
        var (lab, first, second) = await LabAsync();
        await using var _ = lab;
        var folder = lab.Vm.Directory.File("out");
        var text = (await RestoreAsync(lab, "--point", "latest", "--to", folder, "--format", "raw")).EnsureSuccess();
        text.Stderr.Should().Contain("to different points");
        text.Stdout.Should().Contain(first).And.Contain(second);
        (await File.ReadAllBytesAsync(folder + "/a.raw", Token)).AsSpan().SequenceEqual(lab.Expected[(CheckpointId.Parse(first), "a")])
            .Should().BeTrue();
        (await File.ReadAllBytesAsync(folder + "/b.raw", Token)).AsSpan().SequenceEqual(lab.Expected[(CheckpointId.Parse(second), "b")])
            .Should().BeTrue();

        using var json = JsonDocument.Parse((await RestoreAsync(
            lab, "--point", "latest", "--to", folder, "--format", "raw", "--force", "-o", "json")).EnsureSuccess().Stdout);
        json.RootElement.GetProperty("restored").EnumerateArray()
            .ToDictionary(r => r.GetProperty("disk").GetString()!, r => r.GetProperty("point").GetString())
            .Should().BeEquivalentTo(new Dictionary<string, string?> { ["a"] = first, ["b"] = second });

        // One disk alone, and a point that is named.
        var one = (await RestoreAsync(lab, "--point", "latest", "--disk", "a", "--to", folder + "/one")).EnsureSuccess();
        one.Stdout.Should().Contain(first);
        one.Stderr.Should().BeEmpty();
        var named = (await RestoreAsync(lab, "--point", second, "--to", lab.Vm.Directory.File("named"))).EnsureSuccess();
        named.Stderr.Should().BeEmpty();
        Directory.EnumerateFiles(lab.Vm.Directory.File("named")).Select(Path.GetFileName).Should().Equal("b.qcow2");
        (await RestoreAsync(lab, "--point", "latest", "--disk", "c", "--to", folder + "/c")).Should()
            .Match<CommandResult>(r => r.ExitCode == 2 && r.Stderr.Contains("a, b"));
    }

    [Fact(Timeout = 90_000)]
    public async Task Damaged_newest_state_is_refused_and_the_newest_sound_one_is_named()
    {
        var (lab, first, second) = await LabAsync();
        await using var _ = lab;
        var image = lab.ImageOf(lab.Chain.Read().Points[1], "b");
        await using (var file = new FileStream(image, FileMode.Open))
            file.SetLength(file.Length / 2);
        var folder = lab.Vm.Directory.File("out");
        foreach (var arguments in (string[][])[["--to", folder], ["--disk", "b", "--to", folder]])
        {
            var failed = await RestoreAsync(lab, ["--point", "latest", .. arguments]);
            failed.ExitCode.Should().Be(6, failed.ToString());
            failed.Stderr.Should().Contain($"Disk b of point {second} is damaged")
                .And.Contain($"The newest sound point of disk b is {first}.");
        }

        Path.Exists(folder).Should().BeFalse();
        (await RestoreAsync(lab, "--point", "latest", "--disk", "a", "--to", folder)).EnsureSuccess();

        // A damaged description does not show which disks the point has.
        await File.WriteAllTextAsync(lab.Chain.PathOf(CheckpointId.Parse(second)), "{}", Token);
        var broken = await RestoreAsync(lab, "--point", "latest", "--disk", "a", "--to", folder + "2");
        broken.ExitCode.Should().Be(6, broken.ToString());
        broken.Stderr.Should().Contain($"The newest point {second} is damaged")
            .And.Contain($"The newest sound point of disk a is {first}.");
        (await RestoreAsync(lab, "--point", first, "--disk", "a", "--to", folder + "2")).EnsureSuccess();
    }

    [Theory(Timeout = 60_000)]
    [InlineData(ImageFormat.Raw)]
    [InlineData(ImageFormat.Qcow2)]
    public async Task Empty_disk_is_restored(ImageFormat format)
    {
        await using var lab = await RepositoryLab.StartAsync(
            new QemuVmOptions { Disks = [new TestDisk("a") { Size = 0 }, new TestDisk("b") { Size = Mib }] });
        await lab.RunAsync();
        var bytes = await lab.RestoreAsync("latest", "a", format);
        bytes.Should().BeEmpty();
    }
}

using System.Text.Json;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>The messages of list, verify and restore about repositories and other folders.</summary>
public sealed class ListTests
{
    private static Task<CommandResult> RunAsync(string folder, params string[] arguments) =>
        Qbackup.RunAsync([.. arguments, "--repo", folder], null, Token);

    [Fact(Timeout = 60_000)]
    public async Task Folder_with_other_files_is_not_a_repository()
    {
        await using var directory = TestDirectory.Create();
        Directory.CreateDirectory(directory.File("photos/2026"));
        foreach (var command in new string[][] { ["list"], ["verify"], ["restore", "--point", "latest", "--to", directory.File("out")] })
        {
            var result = await RunAsync(directory.Path, command);
            result.ExitCode.Should().Be(8, result.Stdout);
            result.Stderr.Should().Contain("is not a repository").And.Contain("--repo");
            result.Stdout.Should().BeEmpty();
        }

        (await RunAsync(directory.File("nowhere"), "list")).ExitCode.Should().Be(8);
        Directory.EnumerateFileSystemEntries(directory.Path).Should().HaveCount(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Empty_folder_can_become_a_repository()
    {
        await using var directory = TestDirectory.Create();
        Directory.CreateDirectory(directory.File("lost+found"));
        var list = await RunAsync(directory.Path, "list");
        list.ExitCode.Should().Be(0, list.Stderr);
        list.Stdout.Should().Contain("The repository is empty");
        var json = await RunAsync(directory.Path, "list", "-o", "json");
        JsonDocument.Parse(json.Stdout).RootElement.GetProperty("points").GetArrayLength().Should().Be(0);

        // Nothing can be restored, which must not look like success.
        (await RunAsync(directory.Path, "verify")).ExitCode.Should().Be(2);
        (await RunAsync(directory.Path, "restore", "--point", "latest", "--to", directory.File("out"))).ExitCode.Should().Be(2);
    }

    [Fact(Timeout = 90_000)]
    public async Task List_shows_every_chain_of_every_VM_in_eighty_columns()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        await lab.RunAsync();
        await lab.RunAsync(r => r with { Exclude = ["b"] });
        await lab.RunAsync(r => r with { Level = LevelChoice.Copy });
        await lab.RunAsync();
        await lab.RunAsync(r => r with { Chain = ChainName.Parse("weekly") });
        Directory.CreateDirectory(Path.Combine(lab.Repository.Path, "not-a-vm/default"));
        var text = (await RunAsync(lab.Repository.Path, "list")).Stdout;
        text.Should().Contain("testvm, chain default: 4 points").And.Contain("testvm, chain weekly: 1 point,").And.NotContain("not-a-vm");
        text.Split('\n').Should().OnlyContain(line => line.Length <= 80);
        (await RunAsync(lab.Repository.Path, "list", "--chain", "weekly")).Stdout.Should().NotContain("default");
        foreach (var command in new[] { "list", "verify" })
        {
            var unknown = await RunAsync(lab.Repository.Path, command, "--vm", "unknown");
            unknown.ExitCode.Should().Be(2);
            unknown.Stderr.Should().Contain("nothing of that name");
        }

        File.Delete(lab.Chain.PathOf(lab.Chain.Read().Points[^1].Id));
        (await RunAsync(lab.Repository.Path, "list")).Stdout.Should().Contain("was cut off");
        lab.Repository.GetChains().Select(c => c.Chain).Should().Equal(ChainName.Default, ChainName.Parse("weekly"));

        // A first backup that was cut off: there is nothing to verify, and that must not look like success either.
        var weekly = lab.Repository.GetChains().Single(c => c.Chain.Value == "weekly");
        File.Delete(weekly.PathOf(weekly.Read().Points[^1].Id));
        var nothing = await RunAsync(lab.Repository.Path, "verify", "--chain", "weekly");
        nothing.ExitCode.Should().Be(2, nothing.Stdout);
        nothing.Stderr.Should().Contain("no complete point");
    }

    [Fact(Timeout = 90_000)]
    public async Task Only_points_that_cannot_be_restored_are_marked()
    {
        await using var lab = await RepositoryLab.StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        var points = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            await lab.Vm.WriteAsync("a", i * Mib, 0x11, Mib);
            points.Add((await lab.RunAsync(r => i == 2 ? r with { Exclude = ["b"] } : r)).Pulled.Point.Id.Value);
        }

        async Task<JsonElement[]> ListAsync()
        {
            var list = await RunAsync(lab.Repository.Path, "list", "-o", "json");
            list.ExitCode.Should().Be(0, list.Stderr);
            return [.. JsonDocument.Parse(list.Stdout).RootElement.GetProperty("points").EnumerateArray()];
        }

        string[] Sound(JsonElement[] list) => [.. list.Select(p => p.GetProperty("sound").GetRawText())];
        Sound(await ListAsync()).Should().Equal("true", "true", "true", "true");
        (await RunAsync(lab.Repository.Path, "list")).Stdout.Should().NotContain("damaged").And.NotContain("cannot");

        // A verification finds the point and what is built on it, for each disk.
        var image = lab.ImageOf(lab.Chain.Read().Points[1], "b");
        var whole = await File.ReadAllBytesAsync(image, Token);
        await File.WriteAllBytesAsync(image, whole[..^512], Token);
        var list = await ListAsync();
        Sound(list).Should().Equal("true", "false", "true", "false");
        list[1].GetProperty("problem").GetString().Should().Contain("bytes, but");
        list[3].GetProperty("disks").EnumerateArray().Select(
            d => (d.GetProperty("name").GetString(), d.GetProperty("sound").GetBoolean(), d.GetProperty("damagedPoint").GetString()))
            .Should().BeEquivalentTo([("a", true, null), ("b", false, points[1])]);
        var text = (await RunAsync(lab.Repository.Path, "list")).Stdout;
        text.Should().Contain("disk b is damaged:").And.Contain("disk b cannot be restored: point");

        await File.WriteAllBytesAsync(image, whole, Token);
        await using (var file = new FileStream(lab.ImageOf(lab.Chain.Read().Points[0], "a"), FileMode.Open, FileAccess.ReadWrite))
        {
            file.Seek(-1000, SeekOrigin.End);
            file.WriteByte(0x99);
        }

        Sound(await ListAsync()).Should().Equal("true", "true", "true", "true");
        (await RunAsync(lab.Repository.Path, "verify")).ExitCode.Should().Be(6);
        list = await ListAsync();
        Sound(list).Should().Equal("false", "false", "false", "false");
        list[3].GetProperty("problem").GetString().Should().Contain("found damaged earlier");

        // A parent that was removed is reported as missing.
        foreach (var file in Directory.EnumerateFiles(lab.Chain.Folder, points[0] + "*", SearchOption.AllDirectories).ToList())
            File.Delete(file);
        list = await ListAsync();
        Sound(list).Should().Equal("false", "false", "false");
        list[0].GetProperty("problem").GetString().Should().Be("the point is missing");
        System.Text.RegularExpressions.Regex.Replace((await RunAsync(lab.Repository.Path, "list")).Stdout, "\\s+", " ").Should()
            .Contain($"cannot be restored: point {points[0]}, which it is built on: the point is missing");
    }
}

using System.Text;
using QmpBackup.Hashes;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Repository;
using QmpBackup.Repository.Operations;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>
/// What an attacker may put into a repository: nothing of it prevents work on other points, and nothing outside the repository is read or
/// written.
/// </summary>
public sealed class HostileRepositoryTests
{
    private sealed record Trap(string Name, Func<RepositoryLab, RepositoryPoint, Task> SetAsync);

    private static readonly Trap[] Traps =
    [
        new("a pipe as description", (l, p) => PipeAsync(l.Chain.PathOf(p.Id))),
        new("a pipe as image", (l, p) => PipeAsync(l.FilesOf(p, "a").Image)),
        new("a pipe as hashes", (l, p) => PipeAsync(l.FilesOf(p, "a").Hashes)),
        new("a pipe as note", (l, p) => PipeAsync(l.FilesOf(p, "a").Damage)),
        new("an endless device as description", (l, p) => LinkAsync(l.Chain.PathOf(p.Id), "/dev/zero")),
        new("an endless device as image", (l, p) => LinkAsync(l.FilesOf(p, "a").Image, "/dev/zero")),
        new("an endless device as hashes", (l, p) => LinkAsync(l.FilesOf(p, "a").Hashes, "/dev/zero")),
        new("an endless device as note", (l, p) => LinkAsync(l.FilesOf(p, "a").Damage, "/dev/zero")),
        new("a folder as description", (l, p) => FolderAsync(l.Chain.PathOf(p.Id))),
        new("a folder as image", (l, p) => FolderAsync(l.FilesOf(p, "a").Image)),
        new("a folder as hashes", (l, p) => FolderAsync(l.FilesOf(p, "a").Hashes)),
        new("a huge description", (l, p) => HugeAsync(l.Chain.PathOf(p.Id))),
        new("a huge image", (l, p) => HugeAsync(l.FilesOf(p, "a").Image)),
        new("huge hashes", (l, p) => HugeAsync(l.FilesOf(p, "a").Hashes)),
        new("no disk", (l, p) => AlterAsync(l, p, t => t.Replace("\"disks\": [", "\"disks\": [null,", StringComparison.Ordinal))),
        new("NUL in a file's name", (l, p) => AlterAsync(l, p, t => t.Replace(".qcow2", "\\u0000.qcow2", StringComparison.Ordinal))),
        new("another disk's file", (l, p) => AlterAsync(l, p, t => t.Replace("\"a/", "\"../../../etc/", StringComparison.Ordinal))),
        new("half a surrogate",
            (l, p) => AlterAsync(l, p, t => t.Replace("\"vm\": \"testvm\"", "\"vm\": \"\\ud800\"", StringComparison.Ordinal))),
        new("an unknown level",
            (l, p) => AlterAsync(l, p, t => t.Replace("\"level\": \"incremental\"", "\"level\": 77", StringComparison.Ordinal))),
        new("endless nesting", (l, p) => AlterAsync(l, p, t => t.Replace(
            "\"node\": \"a\"", $"\"x\": {new string('[', 5000)}{new string(']', 5000)}, \"node\": \"a\"", StringComparison.Ordinal))),
        new("a negative size",
            (l, p) => AlterAsync(l, p, t => t.Replace("\"bytesWritten\": ", "\"bytesWritten\": -9", StringComparison.Ordinal))),
        new("an endless time",
            (l, p) => AlterAsync(l, p, t => t.Replace("\"seconds\": ", "\"seconds\": 9e300, \"x\": ", StringComparison.Ordinal))),
    ];

    [Fact(Timeout = 180_000)]
    public async Task Bad_point_neither_hides_nor_delays_the_others()
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        var good = (await lab.RunAsync()).Pulled.Point;
        await lab.Vm.WriteAsync("a", Mib, 0x22, Mib);
        var bad = (await lab.RunAsync()).Pulled.Point;
        foreach (var trap in Traps)
        {
            var saved = Directory.EnumerateFiles(lab.Chain.Folder, bad.Id + ".*", SearchOption.AllDirectories)
                .ToDictionary(f => f, File.ReadAllBytes);
            await trap.SetAsync(lab, bad);
            var contents = lab.Chain.Read();
            contents.FindFault(contents.Find(good.Id)!, good.Disks[0]).Should().BeNull(trap.Name);
            if (contents.Find(bad.Id) is { } read)
                contents.FindFault(read, read.Disks[0]).Should().NotBeNull(trap.Name);
            else
                contents.Broken.Should().ContainSingle(b => b.Id == bad.Id, trap.Name);
            var found = await RepositoryVerifier.VerifyAsync(lab.Chain, cancellationToken: Token);
            // The note is removed when the content is right.
            var isNote = trap.Name.EndsWith("as note", StringComparison.Ordinal);
            found.Where(f => f.IsSound).Select(f => f.Point).Should().Equal(isNote ? [good.Id, bad.Id] : [good.Id], trap.Name);
            (await lab.RestoreAsync(good.Id.Value, "a")).AsSpan().SequenceEqual(lab.Expected[(good.Id, "a")]).Should().BeTrue(trap.Name);
            if (!isNote)
                await lab.Invoking(l => l.RestoreAsync(bad.Id.Value, "a")).Should().ThrowAsync<BackupException>(trap.Name);
            foreach (var (file, content) in saved)
            {
                if (Directory.Exists(file))
                    Directory.Delete(file);
                File.Delete(file);
                await File.WriteAllBytesAsync(file, content, Token);
            }

            File.Delete(lab.FilesOf(bad, "a").Damage);
        }

        await lab.ShouldAllBeRightAsync();
        await PipeAsync(lab.Chain.PathOf(bad.Id));
        foreach (var command in new string[][] { ["list"], ["verify"],
            ["restore", "--point", bad.Id.Value, "--to", lab.Vm.Directory.File("out")] })
        {
            var result = await Qbackup.RunAsync([.. command, "--repo", lab.Repository.Path], null, Token);
            result.ExitCode.Should().NotBe(1).And.BeLessThan(10, result.Stderr);
        }
    }

    [Fact(Timeout = 90_000)]
    public async Task Note_of_damage_is_one_line_in_the_right_file()
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        var point = (await lab.RunAsync()).Pulled.Point;
        var victim = lab.Vm.Directory.File("victim");
        await File.WriteAllTextAsync(victim, "mine", Token);
        var files = lab.FilesOf(point, "a");
        foreach (var link in new[] { files.Damage, files.Damage + ".tmp", files.Image + ".damaged.tmp" })
            File.CreateSymbolicLink(link, victim);
        await using (var image = new FileStream(files.Image, FileMode.Open))
        {
            image.Seek(-1000, SeekOrigin.End);
            image.Write(new byte[500]);
        }

        (await RepositoryVerifier.VerifyAsync(lab.Chain, cancellationToken: Token)).Should().OnlyContain(r => !r.IsSound);
        (await File.ReadAllTextAsync(victim, Token)).Should().Be("mine");
        new FileInfo(files.Damage).LinkTarget.Should().BeNull();
        DiskInspector.WriteNote(files, "\u001b[31m\n" + new string('x', 10_000));
        (await File.ReadAllTextAsync(files.Damage, Token)).Should().HaveLength(1001).And.NotContain("\u001b");
    }

    [Theory(Timeout = 90_000)]
    [InlineData("data file")]
    [InlineData("backing file")]
    [InlineData("link")]
    public async Task Continued_pull_writes_only_its_image(string trap)
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, 4 * Mib);
        var session = await WorkflowOf.StartAsync(lab.Vm);
        var victim = lab.Vm.Directory.File("victim");
        await File.WriteAllBytesAsync(victim, new byte[16 * Mib], Token);
        lab.Chain.Lock().Dispose();
        var files = DiskFiles.In(Path.Combine(lab.Chain.Folder, "a"), session.Checkpoint!.Value);
        Directory.CreateDirectory(files.Folder);
        var size = lab.Vm.Snapshot("a").Length;
        string[] options = trap == "data file" ? ["-o", $"data_file={victim},data_file_raw=on"] : trap == "backing file"
            ? ["-b", victim, "-F", "raw"] : [];
        await CommandRunner.RunCheckedAsync(
            QemuBinaries.Host.Img, ["create", "-q", "-f", "qcow2", .. options, files.Image, size.ToString()]);
        if (trap == "link")
        {
            File.Move(files.Image, victim, overwrite: true);
            File.CreateSymbolicLink(files.Image, victim);
        }

        HashPosition position;
        using (var hashes = HashFileWriter.Create(files.Hashes, size))
            position = hashes.Commit();
        new DiskJournal(files.Journal, "", null)
            .Write(new DiskTally { Size = size, HashLength = position.Length, HashNodes = position.Open });
        var before = await File.ReadAllBytesAsync(victim, Token);
        var failure = (await lab.Invoking(l => l.PullAsync()).Should().ThrowAsync<BackupException>()).Which;
        failure.Code.Should().Be(BackupErrorCode.Storage, failure.Message);
        (await File.ReadAllBytesAsync(victim, Token)).AsSpan().SequenceEqual(before).Should().BeTrue();
        lab.Chain.Read().Points.Should().BeEmpty();
        await WorkflowOf.AbortAsync(lab.Vm);
        await lab.RunAsync();
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 90_000)]
    public async Task Incomplete_point_is_removed_in_its_own_folders_only()
    {
        await using var lab = await RepositoryLab.StartAsync();
        var point = (await lab.RunAsync()).Pulled.Point;
        var id = "20250101T000000Z-00000a";
        var outside = Directory.CreateDirectory(lab.Vm.Directory.File("outside")).FullName;
        foreach (var folder in new[] { outside, Path.Combine(lab.Chain.Folder, "a"), lab.Chain.Folder })
            await File.WriteAllTextAsync(Path.Combine(folder, id + ".x"), "", Token);
        Directory.CreateSymbolicLink(Path.Combine(lab.Chain.Folder, "b"), outside);
        File.CreateSymbolicLink(Path.Combine(lab.Chain.Folder, "a", id + ".qcow2"), Path.Combine(outside, id + ".x"));
        Directory.CreateDirectory(Path.Combine(lab.Chain.Folder, "a", id + ".folder"));
        lab.Chain.Read().Incomplete.Should().Equal(CheckpointId.Parse(id));
        lab.Chain.RemoveIncomplete(CheckpointId.Parse(id));
        Directory.EnumerateFileSystemEntries(outside).Should().ContainSingle();
        Directory.EnumerateFileSystemEntries(lab.Chain.Folder, id + "*", SearchOption.AllDirectories).Select(e => Path.GetFileName(e))
            .Should().BeEquivalentTo(id + ".folder", id + ".x");
        Directory.EnumerateFiles(Path.Combine(lab.Chain.Folder, "a"), id + "*").Should().BeEmpty();
        lab.Chain.Read().Points.Single().Id.Should().Be(point.Id);
    }

    [Theory(Timeout = 90_000)]
    [InlineData("list")]
    [InlineData("verify")]
    public async Task Repository_that_others_can_write_must_be_trusted_explicitly(string command)
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.RunAsync();
        File.SetUnixFileMode(
            lab.Repository.Path, File.GetUnixFileMode(lab.Repository.Path) | UnixFileMode.OtherWrite | UnixFileMode.StickyBit);
        var refused = await Qbackup.RunAsync([command, "--repo", lab.Repository.Path], null, Token);
        refused.ExitCode.Should().Be(8, refused.Stderr);
        refused.Stderr.Should().Contain("every user can write to").And.Contain("--trust-repository");
        (await Qbackup.RunAsync([command, "--trust-repository", "--repo", lab.Repository.Path], null, Token)).EnsureSuccess();
    }

    [Theory(Timeout = 90_000)]
    [InlineData("testvm")]
    [InlineData("testvm/default")]
    [InlineData("testvm/default/a")]
    public async Task Link_in_place_of_a_folder_is_not_followed(string folder)
    {
        await using var lab = await RepositoryLab.StartAsync();
        await lab.Vm.WriteAsync("a", 0, 0x11, Mib);
        var point = (await lab.RunAsync()).Pulled.Point;
        await using (var image = new FileStream(lab.FilesOf(point, "a").Image, FileMode.Open))
        {
            image.Seek(-1000, SeekOrigin.End);
            image.Write(new byte[500]);
        }

        var outside = lab.Vm.Directory.File("outside");
        Directory.Move(Path.Combine(lab.Repository.Path, folder), outside);
        Directory.CreateSymbolicLink(Path.Combine(lab.Repository.Path, folder), outside);
        var before = Directory.EnumerateFileSystemEntries(outside, "*", SearchOption.AllDirectories).ToList();
        foreach (var command in new string[][] { ["list"], ["verify"], ["verify", "--vm", "testvm"],
            ["restore", "--vm", "testvm", "--point", point.Id.Value, "--to", lab.Vm.Directory.File("out/")] })
        {
            var result = await Qbackup.RunAsync([.. command, "--repo", lab.Repository.Path], null, Token);
            result.ExitCode.Should().NotBe(1).And.BeLessThan(10, result.Stderr);
        }

        // Also not if it becomes a link after it was checked.
        RepositoryVerifier.Remember(lab.Chain, point, point.Disks[0], "damaged");
        await lab.Invoking(l => l.RunAsync()).Should().ThrowAsync<BackupException>();
        Directory.EnumerateFileSystemEntries(outside, "*", SearchOption.AllDirectories).Should().BeEquivalentTo(before);
    }

    [Fact(Timeout = 90_000)]
    public async Task Everything_in_a_repository_is_for_its_owner_only()
    {
        await using var lab = await RepositoryLab.StartAsync();
        var repository = lab.Vm.Directory.File("new");
        var run = string.Join(' ', ((string[])[.. Qbackup.Program, "run", "--qmp", lab.Vm.QmpEndpoint, "--scratch-dir",
            lab.Vm.Directory.Path, "--repo", repository]).Select(a => $"'{a}'"));
        for (var i = 0; i < 2; i++)
            (await CommandRunner.RunAsync("sh", ["-c", "umask 0; " + run], null, Token)).EnsureSuccess();
        foreach (var entry in new DirectoryInfo(repository).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Append(new DirectoryInfo(repository)))
        {
            entry.UnixFileMode.Should().Be(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | (entry is DirectoryInfo ? UnixFileMode.UserExecute : 0), entry.FullName);
        }
    }

    private static async Task PipeAsync(string path)
    {
        File.Delete(path);
        await CommandRunner.RunCheckedAsync("mkfifo", path);
    }

    private static Task LinkAsync(string path, string target)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, target);
        return Task.CompletedTask;
    }

    private static Task FolderAsync(string path)
    {
        File.Delete(path);
        Directory.CreateDirectory(path);
        return Task.CompletedTask;
    }

    private static Task HugeAsync(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, 1L << 40);
        return Task.CompletedTask;
    }

    // With a matching checksum: an attacker who can write the file can write that too.
    private static async Task AlterAsync(RepositoryLab lab, RepositoryPoint point, Func<string, string> change)
    {
        var path = lab.Chain.PathOf(point.Id);
        var text = await File.ReadAllTextAsync(path, Token);
        var altered = change(text.Replace(point.Checksum, new string('0', point.Checksum.Length), StringComparison.Ordinal));
        altered.Should().NotContain(point.Checksum);
        altered.Should().NotBe(text.Replace(point.Checksum, new string('0', point.Checksum.Length), StringComparison.Ordinal));
        await File.WriteAllTextAsync(path, altered.Replace(new string('0', point.Checksum.Length),
            BlockHash.Of(Encoding.UTF8.GetBytes(altered)).ToString(), StringComparison.Ordinal), Token);
    }
}

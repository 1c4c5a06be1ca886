using System.Text.Json;
using QmpBackup.Qemu.Tests.Workflow;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>A backup is stored in the right repository, or refused.</summary>
public sealed class RepositoryPlaceTests
{
    private const string One = "11111111-2222-3333-4444-555555555555";
    private const string Other = "99999999-2222-3333-4444-555555555555";

    private static Task<QemuVm> VmAsync(string? uuid) =>
        QemuVm.StartAsync(new QemuVmOptions { Disks = [new TestDisk("a")], Uuid = uuid }, Token);

    private static async Task<CommandResult> RunAsync(QemuVm vm, string repository, int exit, params string[] arguments)
    {
        var result = await Qbackup.RunAsync(
            ["run", "--qmp", vm.QmpEndpoint, "--scratch-dir", vm.Directory.Path, "--repo", repository, .. arguments], null, Token);
        result.ExitCode.Should().Be(exit, "{0}", result);
        return result;
    }

    private static async Task<JsonElement[]> PointsAsync(string repository) =>
        [.. JsonDocument.Parse((await Qbackup.RunAsync(["list", "--repo", repository, "-o", "json"], null, Token)).EnsureSuccess().Stdout)
            .RootElement.GetProperty("points").EnumerateArray()];

    [Fact(Timeout = 120_000)]
    public async Task Two_VMs_with_the_same_name_share_a_chain_only_on_request()
    {
        await using var one = await VmAsync(One);
        await using var other = await VmAsync(Other);
        var repository = one.Directory.File("repo");
        await one.WriteAsync("a", 0, 0x11, Mib);
        await other.WriteAsync("a", 0, 0x22, Mib);
        await RunAsync(one, repository, 0);
        var before = await other.StateAsync();
        var refused = await RunAsync(other, repository, 2);
        refused.Stderr.Should().Contain(One).And.Contain(Other).And.Contain("--vm").And.Contain("--adopt");
        (await other.StateAsync()).Should().BeEquivalentTo(before);

        // The wrong VM does not touch what an earlier run of the right one left, and pull is refused too.
        await WorkflowOf.StartAsync(other);
        var pull = await Qbackup.RunAsync(["pull", "--qmp", other.QmpEndpoint, "--repo", repository], null, Token);
        pull.ExitCode.Should().Be(2, pull.Stderr);
        await WorkflowOf.AbortAsync(other);
        var points = await PointsAsync(repository);
        points.Single().GetProperty("uuid").GetString().Should().Be(One);

        await RunAsync(other, repository, 0, "--vm", "other");
        await RunAsync(one, repository, 0);
        (await PointsAsync(repository)).Select(p => (p.GetProperty("vm").GetString(), p.GetProperty("uuid").GetString())).Should()
            .BeEquivalentTo([("testvm", One), ("testvm", One), ("other", Other)]);

        // An adopted chain belongs to the other VM from then on, and the first VM is refused.
        await RunAsync(other, repository, 0, "--adopt");
        await RunAsync(other, repository, 0);
        await RunAsync(one, repository, 2);
        (await RepositoryVerifier.VerifyAsync(BackupRepository.Open(repository).GetChain("testvm"), cancellationToken: Token)).Should()
            .HaveCount(4).And.OnlyContain(r => r.IsSound);
    }

    [Fact(Timeout = 120_000)]
    public async Task VM_without_a_UUID_is_known_by_its_name()
    {
        await using var nameless = await VmAsync(null);
        await using var one = await VmAsync(One);
        var repository = one.Directory.File("repo");
        await RunAsync(nameless, repository, 0);
        (await PointsAsync(repository)).Single().GetProperty("uuid").ValueKind.Should().Be(JsonValueKind.Null);
        await RunAsync(one, repository, 0);
        await RunAsync(nameless, repository, 0);
    }

    [Fact(Timeout = 120_000)]
    public async Task Missing_repository_is_not_made_again()
    {
        await using var lab = await RepositoryLab.StartAsync();
        var (vm, repository) = (lab.Vm, lab.Vm.Directory.File("mnt/repo"));
        await vm.WriteAsync("a", 0, 0x11, Mib);
        await RunAsync(vm, repository, 0);
        var before = await vm.StateAsync();
        Directory.Move(vm.Directory.File("mnt"), vm.Directory.File("elsewhere"));

        var missing = await RunAsync(vm, repository, 8);
        missing.Stderr.Should().Contain("there is no repository").And.Contain("mounted").And.Contain("--new-repo");
        Path.Exists(vm.Directory.File("mnt")).Should().BeFalse("nothing is made below a mount point");
        Directory.CreateDirectory(Path.Combine(repository, "lost+found"));
        (await RunAsync(vm, repository, 8)).Stderr.Should().Contain("holds no point of that chain");
        Directory.EnumerateFileSystemEntries(repository).Should().ContainSingle();

        await WorkflowOf.StartAsync(vm);
        var pull = await Qbackup.RunAsync(["pull", "--qmp", vm.QmpEndpoint, "--repo", repository], null, Token);
        pull.ExitCode.Should().Be(8, pull.Stderr);
        pull.Stderr.Should().Contain("--new-repo");
        Directory.EnumerateFileSystemEntries(repository).Should().ContainSingle();
        await WorkflowOf.AbortAsync(vm);
        (await vm.StateAsync()).Should().BeEquivalentTo(before);

        // Another chain is a new one.
        await RunAsync(vm, repository, 0, "--chain", "weekly");
        var begun = await RunAsync(vm, repository, 0, "--new-repo", "-o", "json");
        begun.Stdout.Should().Contain("the repository does not hold checkpoint");
        await RunAsync(vm, repository, 0);

        // The chain whose points are in another place can still begin with a full.
        await RunAsync(vm, vm.Directory.File("elsewhere/repo"), 0);
    }

    [Fact(Timeout = 90_000)]
    public async Task Folder_with_other_files_and_a_file_cannot_become_a_repository()
    {
        await using var vm = await VmAsync(One);
        var folder = vm.Directory.Folder("etc");
        await File.WriteAllTextAsync(Path.Combine(folder, "passwd"), "root", Token);
        foreach (var (path, message) in new[] { (folder, "is not a repository"), (Path.Combine(folder, "passwd"), "is a file") })
        {
            var result = await RunAsync(vm, path, 8);
            result.Stderr.Should().Contain($"{path} {message}").And.Contain("--repo");
            (await Qbackup.RunAsync(["list", "--repo", path], null, Token)).Stderr.Should().Contain($"{path} {message}");
        }

        Directory.EnumerateFileSystemEntries(folder).Should().ContainSingle();
        var empty = vm.Directory.Folder("empty");
        Directory.CreateDirectory(Path.Combine(empty, "lost+found"));
        Directory.CreateDirectory(Path.Combine(empty, ".snapshots/1"));
        // What a run leaves if it is killed in its first moment.
        Directory.CreateDirectory(Path.Combine(empty, "testvm/default"));
        await RunAsync(vm, empty, 0);
        await RunAsync(vm, empty, 0);
    }

    /// <summary>Does something once, when the pull begins to read.</summary>
    private sealed class Once(Action act) : IProgress<PullProgress>
    {
        private Action? _act = act;

        public void Report(PullProgress value) => Interlocked.Exchange(ref _act, null)?.Invoke();
    }

    [Theory(Timeout = 90_000)]
    [InlineData("the image of the parent is removed", 1, ".qcow2", false)]
    [InlineData("the hashes of the parent's parent are removed", 0, ".hashes", false)]
    [InlineData("the description of the parent is removed", 1, ".json", false)]
    [InlineData("the image of the parent's parent is replaced", 0, ".qcow2", true)]
    public async Task Point_is_not_completed_if_its_parent_is_removed_meanwhile(string what, int which, string suffix, bool replace)
    {
        await using var lab = await RepositoryLab.StartAsync();
        var points = new List<RepositoryPoint>();
        for (var i = 0; i < 2; i++)
        {
            await lab.Vm.WriteAsync("a", i * Mib, 0x11, Mib);
            points.Add((await lab.RunAsync()).Pulled.Point);
        }

        await lab.Vm.WriteAsync("a", 4 * Mib, 0x33, 3 * Mib);
        var path = suffix == ".json" ? Path.Combine(lab.Chain.Folder, points[which].Id + suffix)
            : Path.ChangeExtension(lab.ImageOf(points[which], "a"), suffix);
        lab.Options = new PullOptions
        {
            BytesPerSecond = 8 * Mib,
            Progress = new Once(() =>
            {
                File.Copy(path, path + ".x");
                File.Delete(path);
                if (replace)
                    File.Move(path + ".x", path);
            }),
        };
        var failure = (await lab.Invoking(l => l.RunAsync()).Should().ThrowAsync<BackupException>(what)).Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Contain(points[which].Id.Value).And.Contain(path).And.Contain(replace ? "replaced" : "removed");
        lab.Chain.Read().Points.Should().HaveCountLessThanOrEqualTo(2, what);
        lab.Chain.Read().Points.Should().OnlyContain(p => points.Any(q => q.Id == p.Id));

        lab.Options = new PullOptions();
        var next = (await lab.RunAsync()).Pulled.Point;
        lab.Chain.Read().FindFault(next, next.Disks[0]).Should().BeNull();
        (await lab.RestoreAsync(next.Id.Value, "a")).AsSpan().SequenceEqual(lab.Vm.Snapshot("a")).Should().BeTrue();
    }
}

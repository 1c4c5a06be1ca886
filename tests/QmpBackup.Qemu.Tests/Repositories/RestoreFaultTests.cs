using QmpBackup.Qemu.Tests.Pulling;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>File systems that refuse a flush of a folder, and paths that are not UTF-8.</summary>
public sealed class RestoreFaultTests
{
    private static async Task<RepositoryLab> LabAsync()
    {
        var lab = await RepositoryLab.StartAsync(null, new TestDisk("a") { Size = Mib });
        await lab.Vm.WriteAsync("a", 65536, 0x11, 4096);
        await lab.RunAsync();
        return lab;
    }

    [Theory(Timeout = 60_000)]
    [InlineData("EINVAL", 0)]
    [InlineData("EOPNOTSUPP", 0)]
    [InlineData("EIO", 8)]
    public async Task File_system_without_flush_of_folders_is_accepted_and_a_failing_flush_is_not(string error, int exit)
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.Folder("target");
        var restored = await InjectedFaults.RunAsync(
            $"fsync:error={error}", [folder], "restore", "--repo", lab.Repository.Path, "--point", "latest", "--to", folder);
        restored.ExitCode.Should().Be(exit, restored.ToString());
        if (exit == 0)
            (await DiskOracle.CompareImageAsync(lab.Vm.Snapshot("a"), folder + "/a.qcow2")).Should().BeNull();
        else
            restored.Stderr.Should().Contain("Input/output error");

        await lab.Vm.WriteAsync("a", 0, 0x22, 4096);
        var run = await InjectedFaults.RunAsync($"fsync:error={error}", [lab.Repository.Path, lab.Chain.Folder, lab.Chain.Folder + "/a"],
            "run", "--repo", lab.Repository.Path, "--qmp", lab.Vm.QmpEndpoint, "--scratch-dir", lab.Vm.Directory.Path);
        run.ExitCode.Should().Be(exit == 0 ? 0 : 8, run.ToString());
    }

    // .NET reads bytes that are not UTF-8 as U+FFFD: without a check the path names another folder.
    [Fact(Timeout = 60_000)]
    public async Task Path_that_is_not_utf_8_is_refused_and_nothing_is_made()
    {
        await using var lab = await LabAsync();
        var folder = lab.Vm.Directory.Folder("latin");
        var program = string.Join(' ', Qbackup.Program.Select(w => $"'{w}'"));
        var repository = lab.Repository.Path;
        try
        {
            foreach (var (script, what) in ((string, string)[])
            [
                ($"exec {program} restore --repo {repository} --point latest --to \"$(printf 'caf\\351')\"", "The argument 'caf\uFFFD'"),
                ($"ln -s {repository} \"$(printf 'caf\\351')\"; exec {program} list --repo \"$(printf 'caf\\351')\"",
                    "The argument 'caf\uFFFD'"),
                ($"export QBACKUP_REPO=\"$(printf 'caf\\351')\"; exec {program} list", "An environment variable QBACKUP_…"),
                ($"mkdir \"$(printf 'd\\351')\" && cd \"$(printf 'd\\351')\" && "
                + $"exec {program} restore --repo {repository} --point latest --to out", "The path of the working directory"),
            ])
            {
                var refused = await CommandRunner.RunAsync("sh", ["-c", script], new CommandOptions { WorkingDirectory = folder }, Token);
                refused.ExitCode.Should().Be(2, refused.ToString());
                refused.Stderr.Should().Contain(what + " is not valid UTF-8").And.Contain("hint:");
            }

            // A name that really contains that character is valid.
            (await CommandRunner.RunAsync("sh", ["-c", $"exec {program} restore --repo {repository} --point latest --to 'caf\uFFFD'"],
                new CommandOptions { WorkingDirectory = folder }, Token)).EnsureSuccess();
            Directory.EnumerateFileSystemEntries(folder + "/caf\uFFFD").Select(Path.GetFileName).Should().Equal("a.qcow2");
        }
        finally
        {
            // .NET cannot remove what it cannot name.
            await CommandRunner.RunCheckedAsync("rm", "-rf", folder);
        }
    }
}

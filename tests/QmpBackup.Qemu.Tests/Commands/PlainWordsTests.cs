using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>What goes wrong outside of qbackup is told in its words or the operating system's, once, with the exit code of its kind.</summary>
public sealed class PlainWordsTests
{
    private static readonly string[] WordsOfLibraries = ["Exception", "Callback", "Could not find", "Access to the path", "already exists.", "trying to start process", "   at "];

    private static async Task<CommandResult> ShouldFailAsync(int exitCode, string says, CommandOptions? options, params string[] arguments)
    {
        var result = await Qbackup.RunAsync(arguments, options, Token);
        result.ExitCode.Should().Be(exitCode, result.ToString());
        result.Stderr.Should().Contain(says).And.NotContainAny(WordsOfLibraries).And.NotContain(" warn ");
        return result;
    }

    [Fact(Timeout = 120_000)]
    public async Task Repositories_and_targets_that_are_none()
    {
        await using var lab = await RepositoryLab.StartAsync();
        string[] run = ["run", "--qmp", lab.Vm.QmpEndpoint, "--vm", "x", "--scratch-dir", lab.Vm.Directory.Path, "--repo"];
        await ShouldFailAsync(8, "/etc/passwd is a file, but a repository is a folder.", null, "list", "--repo", "/etc/passwd");
        await ShouldFailAsync(8, "/etc/passwd is a file, but a repository is a folder.", null, [.. run, "/etc/passwd"]);
        await ShouldFailAsync(8, "/etc/passwd/x", null, [.. run, "/etc/passwd/x"]);
        var proc = await ShouldFailAsync(8, "/proc/x: No such file or directory.", null, [.. run, "/proc/x"]);
        proc.Stderr.Split("/proc/x").Should().HaveCount(2, "the path is told once");
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_a_folder_for_temporary_files_or_the_tools_of_QEMU()
    {
        await using var lab = await RepositoryLab.StartAsync();
        string[] run = ["run", "--qmp", lab.Vm.QmpEndpoint, "--vm", "x", "--scratch-dir", lab.Vm.Directory.Path, "--repo", lab.Vm.Directory.File("r")];
        foreach (var place in new[] { "/nowhere/at/all", "/proc", "relative" })
        {
            var result = await Qbackup.RunAsync(run, new CommandOptions { Environment = new Dictionary<string, string?> { ["TMPDIR"] = place } }, Token);
            result.ExitCode.Should().Be(0, result.ToString());
        }

        // The runtime of the tests is named by its path.
        var path = new CommandOptions { Environment = new Dictionary<string, string?> { ["PATH"] = "/nowhere" } };
        var program = CommandRunner.Find(Qbackup.Program[0]) ?? Qbackup.Program[0];
        var missing = await CommandRunner.RunAsync(program, [.. Qbackup.Program.Skip(1), .. run], path, Token);
        missing.ExitCode.Should().Be(8, missing.ToString());
        missing.Stderr.Should().Contain("cannot be run: No such file or directory.").And.NotContainAny(WordsOfLibraries);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_working_directory_that_is_gone()
    {
        var result = await CommandRunner.RunAsync("sh", ["-c", $"mkdir $0 && cd $0 && rmdir $0 && {string.Join(' ', Qbackup.Program)} list --repo x", $"/tmp/gone-{Guid.NewGuid():N}"], null, Token);

        result.ExitCode.Should().Be(2, result.ToString());
        result.Stderr.Should().Contain("The working directory does not exist any more.");
    }
}

using QmpBackup.Qemu.Tests.Repositories;
using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>An error of the environment is reported once, in words of qbackup or of the operating system, with the right exit code.</summary>
public sealed class EnvironmentErrorTests
{
    private static readonly string[] ClassLibraryWords = ["Exception", "Callback", "Could not find", "Access to the path", "already exists.", "trying to start process", "   at "];

    private static async Task<CommandResult> ShouldFailAsync(int exitCode, string message, CommandOptions? options, params string[] arguments)
    {
        var result = await Qbackup.RunAsync(arguments, options, Token);
        result.ExitCode.Should().Be(exitCode, result.ToString());
        result.Stderr.Should().Contain(message).And.NotContainAny(ClassLibraryWords).And.NotContain(" warn ");
        return result;
    }

    [Fact(Timeout = 120_000)]
    public async Task Path_that_cannot_be_a_repository_is_refused_with_the_reason()
    {
        await using var lab = await RepositoryLab.StartAsync();
        string[] run = ["run", "--qmp", lab.Vm.QmpEndpoint, "--vm", "x", "--scratch-dir", lab.Vm.Directory.Path, "--repo"];
        await ShouldFailAsync(8, "/etc/passwd is a file, but a repository is a folder.", null, "list", "--repo", "/etc/passwd");
        await ShouldFailAsync(8, "/etc/passwd is a file, but a repository is a folder.", null, [.. run, "/etc/passwd"]);
        await ShouldFailAsync(8, "/etc/passwd/x", null, [.. run, "/etc/passwd/x"]);
        var proc = await ShouldFailAsync(8, "/proc/x: No such file or directory.", null, [.. run, "/proc/x"]);
        proc.Stderr.Split("/proc/x").Should().HaveCount(2, "the message contains the path once");
    }

    [Fact(Timeout = 120_000)]
    public async Task Run_needs_no_temporary_folder_and_reports_missing_QEMU_tools()
    {
        await using var lab = await RepositoryLab.StartAsync();
        string[] run = ["run", "--qmp", lab.Vm.QmpEndpoint, "--vm", "x", "--scratch-dir", lab.Vm.Directory.Path, "--repo", lab.Vm.Directory.File("r")];
        foreach (var place in new[] { "/nowhere/at/all", "/proc", "relative" })
        {
            var result = await Qbackup.RunAsync(run, new CommandOptions { Environment = new Dictionary<string, string?> { ["TMPDIR"] = place } }, Token);
            result.ExitCode.Should().Be(0, result.ToString());
        }

        (await Qbackup.RunAsync("verify", "--repo", lab.Vm.Directory.File("r"))).EnsureSuccess().Stdout.Should().NotContain("damaged");

        // The runtime of the tests is not on this PATH, so its full path is given.
        var path = new CommandOptions { Environment = new Dictionary<string, string?> { ["PATH"] = "/nowhere" } };
        var program = CommandRunner.Find(Qbackup.Program[0]) ?? Qbackup.Program[0];
        (await CommandRunner.RunAsync(program, [.. Qbackup.Program.Skip(1), .. run], path, Token)).EnsureSuccess();
        var missing = await CommandRunner.RunAsync(program, [.. Qbackup.Program.Skip(1), .. run, "--compress"], path, Token);
        missing.ExitCode.Should().Be(8, missing.ToString());
        missing.Stderr.Should().Contain("cannot be run: No such file or directory.").And.NotContainAny(ClassLibraryWords);
    }

    [Fact(Timeout = 60_000)]
    public async Task Missing_working_directory_is_reported()
    {
        var result = await CommandRunner.RunAsync("sh", ["-c", $"mkdir $0 && cd $0 && rmdir $0 && {string.Join(' ', Qbackup.Program)} list --repo x", $"/tmp/gone-{Guid.NewGuid():N}"], null, Token);

        result.ExitCode.Should().Be(2, result.ToString());
        result.Stderr.Should().Contain("The working directory does not exist any more.");
    }
}

using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>Started without standard input, output or error, as cron jobs and daemons may be, the command does its work and ends as it should.</summary>
public sealed class ClosedDescriptorsTests
{
    public static TheoryData<string> Closed => ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Closed))]
    public async Task The_command_never_dies_and_a_result_that_goes_nowhere_is_an_error(string closed)
    {
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Disks = [new TestDisk("a")] }, TestContext.Current.CancellationToken);
        Directory.CreateDirectory(daemon.Directory.File("repo"));
        var isWritten = !closed.Contains(" >&-", StringComparison.Ordinal) && !closed.StartsWith('>');
        string[] commands = ["--version", $"list --repo {daemon.Directory.File("repo")}", $"status --qmp {daemon.QmpEndpoint}", $"inspect --qmp {daemon.QmpEndpoint}"];
        for (var round = 0; round < 3; round++)
        {
            foreach (var command in commands)
            {
                var result = await CommandRunner.RunAsync("sh", ["-c", $"{string.Join(' ', Qbackup.Program)} {command} {closed}"], null, TestContext.Current.CancellationToken);

                result.ExitCode.Should().Be(isWritten ? 0 : 1, result.ToString());
                if (isWritten)
                    result.Stdout.Should().NotBeEmpty();
                if (closed.Contains("2>", StringComparison.Ordinal) || isWritten)
                    result.Stderr.Should().BeEmpty();
                else
                    result.Stderr.Should().Be("error: The result could not be written: Standard output is closed.");
            }
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task An_error_without_standard_error_has_its_exit_code_all_the_same()
    {
        var result = await CommandRunner.RunAsync(
            "sh", ["-c", $"{string.Join(' ', Qbackup.Program)} status --qmp /nowhere <&- 2>&-"], null, TestContext.Current.CancellationToken);

        result.ExitCode.Should().Be(3);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--help", 0)]
    [InlineData("run -h", 0)]
    [InlineData("--version", 0)]
    [InlineData("completions bash", 1)]
    public async Task A_reader_that_has_enough_is_no_fault_to_talk_about(string command, int exitCode)
    {
        var result = await WithoutReaderAsync(command);

        result.ExitCode.Should().Be(exitCode);
        result.Stderr.Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_script_that_reads_no_further_is_told_in_its_document()
    {
        var result = await WithoutReaderAsync("completions bash -o json");

        result.ExitCode.Should().Be(1);
        result.Error().GetProperty("code").GetString().Should().Be("output");
    }

    // The reader of the pipe has ended before anything is written.
    private static Task<CommandResult> WithoutReaderAsync(string command) => CommandRunner.RunAsync(
        "bash", ["-c", $"exec 3> >(exec true); wait $!; exec {string.Join(' ', Qbackup.Program)} {command} >&3"], null, TestContext.Current.CancellationToken);
}

using QmpBackup.Testing;

namespace QmpBackup.Qemu.Tests.Commands;

/// <summary>The command works without standard input, output or error, as in cron jobs and daemons.</summary>
public sealed class ClosedDescriptorsTests
{
    public static TheoryData<string> Closed => ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Closed))]
    public async Task Command_works_with_closed_descriptors_and_reports_a_result_that_it_cannot_write(string closed)
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
    public async Task Failure_without_standard_error_has_its_exit_code()
    {
        var result = await CommandRunner.RunAsync(
            "sh", ["-c", $"{string.Join(' ', Qbackup.Program)} status --qmp /nowhere <&- 2>&-"], null, TestContext.Current.CancellationToken);

        result.ExitCode.Should().Be(3);
        result.Stdout.Should().BeEmpty();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--help", 0)]
    [InlineData("run -h", 0)]
    [InlineData("--version", 0)]
    [InlineData("completions bash", 1)]
    public async Task Reader_that_stops_early_causes_no_message(string command, int exitCode)
    {
        var result = await WithoutReaderAsync(command);

        result.ExitCode.Should().Be(exitCode);
        result.Stderr.Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task Error_in_JSON_reports_that_the_output_was_not_read()
    {
        var result = await WithoutReaderAsync("completions bash -o json");

        result.ExitCode.Should().Be(1);
        result.Error().GetProperty("code").GetString().Should().Be("output");
    }

    // The reader of the pipe ends before the command writes.
    private static Task<CommandResult> WithoutReaderAsync(string command) => CommandRunner.RunAsync(
        "bash", ["-c", $"exec 3> >(exec true); wait $!; exec {string.Join(' ', Qbackup.Program)} {command} >&3"], null, TestContext.Current.CancellationToken);
}

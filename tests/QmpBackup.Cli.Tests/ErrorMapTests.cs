using System.Text.Json;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Terminal;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Tests;

public sealed class ErrorMapTests
{
    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new UsageException("m"), 2, "usage" },
        { new QmpConnectException(QmpConnectFailure.NotFound, "m"), 3, "no-connection" },
        { new QmpConnectException(QmpConnectFailure.NoGreeting, "m"), 3, "no-connection" },
        { new QmpConnectionClosedException(QmpCloseCause.ClosedByPeer, "m"), 3, "connection-lost" },
        { new QmpProtocolException("m"), 3, "protocol" },
        { new QmpCommandException("stop", QmpErrorClass.GenericError, "no"), 4, "command-refused" },
        { new QmpTimeoutException("m", TimeSpan.FromSeconds(1)), 124, "timed-out" },
        { new BackupException(BackupErrorCode.InvalidArgument, "m"), 2, "invalid-argument" },
        { new BackupException(BackupErrorCode.CommandRefused, "m"), 4, "command-refused" },
        { new BackupException(BackupErrorCode.BackupFailed, "m"), 5, "backup-failed" },
        { new BackupException(BackupErrorCode.FreezeFailed, "m"), 7, "freeze-failed" },
        { new BackupException(BackupErrorCode.Storage, "m"), 8, "storage" },
        { new BackupException(BackupErrorCode.Busy, "m"), 9, "busy" },
        { new BackupException(BackupErrorCode.NothingOpen, "m"), 10, "nothing-open" },
        { new BackupException(BackupErrorCode.IncrementalNotSound, "m"), 11, "incremental-not-sound" },
        { new BackupException(BackupErrorCode.TimedOut, "m"), 124, "timed-out" },
        { new GuestAgentUnavailableException(GuestAgentUnavailableReason.NotFound, "m"), 7, "freeze-failed" },
        { new GuestAgentUnavailableException(GuestAgentUnavailableReason.PermissionDenied, "m"), 7, "freeze-failed" },
        { new OutputException("m", null, new IOException()), 1, "output" },
        { new InvalidOperationException("m"), 1, "internal" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Every_failure_has_an_exit_code_and_an_error_code(Exception failure, int exitCode, string code)
    {
        var report = ErrorMap.Of(failure);

        ((int)report.Exit).Should().Be(exitCode);
        report.Code.Should().Be(code).And.MatchRegex("^[a-z]+(-[a-z]+)*$");
    }

    [Fact]
    public void No_error_code_of_the_library_is_reported_as_an_internal_error()
    {
        foreach (var code in Enum.GetValues<BackupErrorCode>())
            ErrorMap.Of(new BackupException(code, "m")).Exit.Should().NotBe(ExitCode.InternalError, "{0} is foreseen", code);
    }

    [Fact]
    public void Text_from_QEMU_is_escaped_for_the_terminal()
    {
        var console = new FakeConsole();

        ErrorWriter.Write(console, OutputFormat.Text, colour: false, new ErrorReport(ExitCode.CommandRefused, "x", "bad \e]0;title\a name\nsecond", "try\u202e"));

        console.ErrorText.Should().Be("error: bad \\x1b]0;title\\x07 name\\nsecond\nhint:  try\\u{202e}\n");
    }

    [Fact]
    public void An_error_in_JSON_has_a_hint_even_if_it_is_null()
    {
        var console = new FakeConsole();

        ErrorWriter.Write(console, OutputFormat.Json, colour: true, new ErrorReport(ExitCode.CommandRefused, "command-refused", "QEMU refused 'x'"));

        JsonDocument.Parse(console.ErrorText).RootElement.GetProperty("error").GetProperty("hint").ValueKind.Should().Be(JsonValueKind.Null);
        console.ErrorText.Should().Contain("QEMU refused 'x'").And.NotContain("\e");
    }
}

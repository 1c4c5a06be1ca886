using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Logging;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

/// <summary>A log file is private, and its size is bounded.</summary>
public sealed class LogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("log-").FullName;
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    private CliLoggerFactory Loggers(FakeConsole console, string? file, int verbosity = 0) =>
        CliLoggerFactory.Create(console, new GlobalSettings(OutputFormat.Text, false, verbosity, file, false, false), _time);

    [Fact]
    public void A_new_log_file_is_private_and_an_existing_one_is_appended_to()
    {
        for (var i = 0; i < 2; i++)
        {
            using var loggers = Loggers(new FakeConsole(), PathOf("log"));
            Log(loggers, LogLevel.Debug, 1, $"hello {i}");
        }

        File.ReadAllLines(PathOf("log")).Should().HaveCount(2).And.Contain(line => line.EndsWith("QmpClient: hello 1"));
        File.GetUnixFileMode(PathOf("log")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void A_link_is_not_followed()
    {
        File.WriteAllText(PathOf("other"), "mine");
        File.CreateSymbolicLink(PathOf("link"), PathOf("other"));
        File.CreateSymbolicLink(PathOf("dangling"), PathOf("new"));

        ErrorOf(PathOf("link")).Should().EndWith("it is a link.");
        ErrorOf(PathOf("dangling")).Should().EndWith("it is a link.");
        File.ReadAllText(PathOf("other")).Should().Be("mine");
        File.Exists(PathOf("new")).Should().BeFalse();
    }

    [Fact]
    public void Only_a_regular_file_is_accepted()
    {
        ErrorOf(_folder).Should().EndWith("is a directory.");
        ErrorOf("/dev/null").Should().EndWith("it is not a regular file.");
        ErrorOf(PathOf("no/such")).Should().EndWith("no such file or directory.");
    }

    [Fact]
    public void A_file_of_another_user_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give a file away.");
        File.WriteAllText(PathOf("foreign"), "");
        System.Diagnostics.Process.Start("chown", ["12345", PathOf("foreign")]).WaitForExit();

        ErrorOf(PathOf("foreign")).Should().EndWith("it belongs to another user (id 12345), who could read it.");
        File.ReadAllText(PathOf("foreign")).Should().BeEmpty();
    }

    [Fact]
    public void Repeated_messages_are_counted_instead_of_written()
    {
        using (var loggers = Loggers(new FakeConsole(), PathOf("log")))
        {
            for (var i = 0; i < 100_000; i++)
                Log(loggers, LogLevel.Warning, 7, $"dropped a message that is not an answer: {i}");
            for (var i = 0; i < 100_000; i++)
                Log(loggers, LogLevel.Debug, 8, $"event {i}");
            _time.Advance(TimeSpan.FromSeconds(2));
            Log(loggers, LogLevel.Warning, 7, "dropped the last");
            Log(loggers, LogLevel.Warning, 9, "of another kind");
        }

        new FileInfo(PathOf("log")).Length.Should().BeLessThan(200_000);
        var lines = File.ReadAllLines(PathOf("log")).Select(line => line[(line.IndexOf("QmpClient: ", StringComparison.Ordinal) + 11)..]).ToList();
        lines.Should().ContainInOrder("… and 99,980 more of this kind", "dropped the last", "of another kind", "… and 99,000 more of this kind");
        lines.Count(line => line.StartsWith("dropped a message", StringComparison.Ordinal)).Should().Be(20);
    }

    [Fact]
    public void The_terminal_shows_few_repeated_messages_unless_details_are_requested()
    {
        var console = new FakeConsole();
        using (var loggers = Loggers(console, null))
        {
            for (var i = 0; i < 1000; i++)
                Log(loggers, LogLevel.Warning, 7, "no good");
        }

        console.ErrorText.Split('\n').Should().HaveCount(22);
        console.ErrorText.Should().Contain("… and 980 more of this kind");
        var traced = new FakeConsole();
        using (var loggers = Loggers(traced, null, verbosity: 3))
        {
            for (var i = 0; i < 3000; i++)
                Log(loggers, LogLevel.Trace, 7, "payload");
        }

        traced.ErrorText.Split('\n').Should().HaveCount(3001);
    }

    private static void Log(CliLoggerFactory loggers, LogLevel level, int id, string text) =>
        loggers.CreateLogger("QmpClient").Log(level, new EventId(id), text, null, static (message, _) => message);

    private static string ErrorOf(string path)
    {
        var open = () => LogFileStream.Open(path);
        return open.Should().Throw<UsageException>().Which.Message;
    }
}

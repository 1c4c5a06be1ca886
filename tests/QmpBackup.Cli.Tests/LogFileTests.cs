using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Logging;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

/// <summary>A log is nobody else's, and has an end.</summary>
public sealed class LogFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("log-").FullName;
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File(string name) => Path.Combine(_folder, name);

    private CliLoggerFactory Loggers(FakeConsole console, string? file, int verbosity = 0) =>
        CliLoggerFactory.Create(console, new GlobalSettings(OutputFormat.Text, false, verbosity, file, false, false), _time);

    [Fact]
    public void A_new_one_is_its_owners_alone_and_one_that_is_there_is_added_to()
    {
        for (var i = 0; i < 2; i++)
        {
            using var loggers = Loggers(new FakeConsole(), File("log"));
            Say(loggers, LogLevel.Debug, 1, $"hello {i}");
        }

        System.IO.File.ReadAllLines(File("log")).Should().HaveCount(2).And.Contain(line => line.EndsWith("QmpClient: hello 1"));
        System.IO.File.GetUnixFileMode(File("log")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void A_link_is_not_followed()
    {
        System.IO.File.WriteAllText(File("other"), "mine");
        System.IO.File.CreateSymbolicLink(File("link"), File("other"));
        System.IO.File.CreateSymbolicLink(File("dangling"), File("new"));

        Refused(File("link")).Should().EndWith("it is a link.");
        Refused(File("dangling")).Should().EndWith("it is a link.");
        System.IO.File.ReadAllText(File("other")).Should().Be("mine");
        System.IO.File.Exists(File("new")).Should().BeFalse();
    }

    [Fact]
    public void Only_a_regular_file_is_one()
    {
        Refused(_folder).Should().EndWith("is a directory.");
        Refused("/dev/null").Should().EndWith("it is not a regular file.");
        Refused(File("no/such")).Should().EndWith("no such file or directory.");
    }

    [Fact]
    public void One_of_another_user_is_refused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give a file away.");
        System.IO.File.WriteAllText(File("theirs"), "");
        System.Diagnostics.Process.Start("chown", ["12345", File("theirs")]).WaitForExit();

        Refused(File("theirs")).Should().EndWith("it belongs to another user (id 12345), who could read it.");
        System.IO.File.ReadAllText(File("theirs")).Should().BeEmpty();
    }

    [Fact]
    public void A_flood_is_counted_and_not_written()
    {
        using (var loggers = Loggers(new FakeConsole(), File("log")))
        {
            for (var i = 0; i < 100_000; i++)
                Say(loggers, LogLevel.Warning, 7, $"dropped a message that is no answer: {i}");
            for (var i = 0; i < 100_000; i++)
                Say(loggers, LogLevel.Debug, 8, $"event {i}");
            _time.Advance(TimeSpan.FromSeconds(2));
            Say(loggers, LogLevel.Warning, 7, "dropped the last");
            Say(loggers, LogLevel.Warning, 9, "of another kind");
        }

        new FileInfo(File("log")).Length.Should().BeLessThan(200_000);
        var lines = System.IO.File.ReadAllLines(File("log")).Select(line => line[(line.IndexOf("QmpClient: ", StringComparison.Ordinal) + 11)..]).ToList();
        lines.Should().ContainInOrder("… and 99,980 more of this kind", "dropped the last", "of another kind", "… and 99,000 more of this kind");
        lines.Count(line => line.StartsWith("dropped a message", StringComparison.Ordinal)).Should().Be(20);
    }

    [Fact]
    public void The_terminal_is_spared_a_flood_too_and_gets_all_that_was_asked_for()
    {
        var console = new FakeConsole();
        using (var loggers = Loggers(console, null))
        {
            for (var i = 0; i < 1000; i++)
                Say(loggers, LogLevel.Warning, 7, "no good");
        }

        console.ErrorText.Split('\n').Should().HaveCount(22);
        console.ErrorText.Should().Contain("… and 980 more of this kind");
        var traced = new FakeConsole();
        using (var loggers = Loggers(traced, null, verbosity: 3))
        {
            for (var i = 0; i < 3000; i++)
                Say(loggers, LogLevel.Trace, 7, "payload");
        }

        traced.ErrorText.Split('\n').Should().HaveCount(3001);
    }

    private static void Say(CliLoggerFactory loggers, LogLevel level, int id, string text) =>
        loggers.CreateLogger("QmpClient").Log(level, new EventId(id), text, null, static (message, _) => message);

    private static string Refused(string path)
    {
        var open = () => LogFileStream.Open(path);
        return open.Should().Throw<UsageException>().Which.Message;
    }
}

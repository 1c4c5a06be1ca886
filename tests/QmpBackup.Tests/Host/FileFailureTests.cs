using QmpBackup.Host;

namespace QmpBackup.Tests.Host;

/// <summary>A file error of the class library becomes the text of the operating system, with the path once.</summary>
public sealed class FileFailureTests
{
    public static TheoryData<Action, string> Failures => new()
    {
        { () => File.ReadAllText("/nowhere"), "/nowhere: No such file or directory" },
        { () => File.ReadAllText("/nowhere/x"), "/nowhere/x: No such folder" },
        { () => File.ReadAllText("/tmp/" + new string('a', 300)), "/tmp/" + new string('a', 300) + ": " },
        { () => File.WriteAllText("/dev/full", "x"), "/dev/full: No space left on device" },
        { () => File.WriteAllText("/etc/passwd/x", "x"), "/etc/passwd/x: " },
        { () => Directory.CreateDirectory("/etc/passwd"), "/etc/passwd: File exists" },
        { () => throw FileFailure.Of(FileFailure.NoAccess, "/a/b"), "/a/b: Permission denied" },
        { () => throw new UnauthorizedAccessException("Access to the path '/a/b' is denied."), "/a/b: Permission denied" },
        { () => throw new IOException("The image ends early."), "/srv/x: The image ends early" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void The_error_names_the_path_once_with_the_reason(Action act, string expected)
    {
        var failure = act.Should().Throw<Exception>().Which;

        FileFailure.Explain("/srv/x", failure).Should().StartWith(expected);
    }
}

using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Tests;

public sealed class GuardProcessTests
{
    [Theory]
    [InlineData("/usr/share/dotnet/dotnet", "/opt/qbackup/qbackup.dll")]
    [InlineData("/usr/bin/qbackup", null)]
    [InlineData("/opt/qbackup-0.1.0", null)]
    [InlineData("/opt/qbackup.new", null)]
    [InlineData("/opt/backup", null)]
    public void Only_the_runtime_gets_the_library_as_an_argument(string program, string? library) => GuardProcess.Library(program, "/opt/qbackup/").Should().Be(library);
}

using QmpBackup.Host;

namespace QmpBackup.Tests.Host;

public sealed class SocketFolderTests
{
    [Fact]
    public void The_first_writable_folder_is_used()
    {
        var folder = SocketFolder.Make(["/nowhere/at/all", "/proc", "/dev/shm"]);

        folder.Should().StartWith("/dev/shm/qbackup-nbd-");
        (File.GetUnixFileMode(folder) & (UnixFileMode)0b111_111_111).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.Delete(folder);
    }

    [Fact]
    public void Without_a_writable_folder_the_error_says_why_and_what_to_do()
    {
        var make = () => SocketFolder.Make(["/nowhere/at/all", "/proc"]);

        var failure = make.Should().Throw<BackupException>().Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().StartWith("There is no place for the socket of qemu-nbd: /proc/qbackup-nbd-").And.NotContain("could not", "this wording is of the class library");
        failure.Hint.Should().Contain("TMPDIR");
    }
}

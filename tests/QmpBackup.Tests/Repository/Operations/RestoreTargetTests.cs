namespace QmpBackup.Tests.Repository.Operations;

public sealed class RestoreTargetTests
{
    [Theory]
    [InlineData("nbd://h/vda", true)]
    [InlineData("NBD://h/vda", true)]
    [InlineData("nbds://h:1/", true)]
    [InlineData("nbd+unix:///vda?socket=/s", true)]
    [InlineData("/dev/null", false)]
    [InlineData("/dev/no-such-device", false)]
    [InlineData("/dev/shm/vda.raw", false)]
    [InlineData("vda.raw", false)]
    [InlineData("./nbd:vda", false)]
    [InlineData("nbd", false)]
    [InlineData("nbdx:vda", false)]
    [InlineData("nbd vda", false)]
    [InlineData("dir/nbd://h/vda", false)]
    public void A_target_for_one_disk_is_distinguished_from_a_path(string target, bool isOneDisk) =>
        Restorer.IsOneDisk(target).Should().Be(isOneDisk);

    [Theory]
    [InlineData("nbd:localhost:10809:exportname=vda", "must follow the scheme")]
    [InlineData("nbd:unix:/s", "must follow the scheme")]
    [InlineData("NBD:h:1", "must follow the scheme")]
    [InlineData("nbd://h/vda?tls-psk-file=/keys", "the parameter tls-psk-file is not known")]
    [InlineData("nbd+vsock://1/vda", "unknown scheme")]
    [InlineData("nbds+vsock://1/vda", "unknown scheme")]
    [InlineData("nbd+:vda", "unknown scheme")]
    [InlineData("nbd://h/my disk", "U+0020")]
    [InlineData("nbd://h:0/vda", "the port is not a number")]
    [InlineData("nbd+unix:///vda", "the parameter socket=PATH is missing")]
    public void An_invalid_NBD_URI_is_never_taken_as_a_path(string target, string reason)
    {
        var failure = FluentActions.Invoking(() => Restorer.IsOneDisk(target)).Should().Throw<BackupException>().Which;
        (failure.Code, failure.Hint).Should().Be((BackupErrorCode.InvalidArgument, "An NBD URI is nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH; a file of that name is written ./nbd:…"));
        failure.Message.Should().StartWith("The target is not a valid NBD URI").And.Contain(reason).And.EndWith(".");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("-")]
    public void An_invalid_path_is_refused(string target) =>
        FluentActions.Invoking(() => Restorer.IsOneDisk(target)).Should().Throw<BackupException>().Which.Code.Should().Be(BackupErrorCode.InvalidArgument);
}

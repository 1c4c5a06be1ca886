using QmpBackup.Testing;

namespace QmpBackup.Tests.Repository;

public sealed class RepositoryLockTests
{
    [Fact]
    public async Task A_held_lock_is_busy_until_it_is_released()
    {
        await using var folder = TestDirectory.Create();
        var chain = BackupRepository.Open(folder.File("repo"), create: true).GetChain("vm");
        using (chain.Lock())
            chain.Invoking(c => c.Lock()).Should().Throw<BackupException>().Where(e => e.Code == BackupErrorCode.Busy);
        chain.Lock().Dispose();
    }

    [Fact]
    public async Task A_lock_file_that_others_could_open_becomes_private()
    {
        await using var folder = TestDirectory.Create();
        var chain = BackupRepository.Open(folder.File("repo"), create: true).GetChain("vm");
        chain.Lock().Dispose();
        var file = Path.Combine(chain.Folder, ".lock");
        File.SetUnixFileMode(file, File.GetUnixFileMode(file) | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        chain.Lock().Dispose();
        File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_repository_that_became_read_only_is_not_busy()
    {
        Assert.SkipUnless(TestDirectory.CanMount, "remounting needs root");
        await using var folder = TestDirectory.Create();
        var path = await folder.MountTmpfsAsync("repo", 1 << 20);
        var chain = BackupRepository.Open(path, create: true, trustFolders: true).GetChain("vm");
        chain.Lock().Dispose();
        await CommandRunner.RunCheckedAsync("mount", "-o", "remount,ro", path);
        var failure = chain.Invoking(c => c.Lock()).Should().Throw<BackupException>().Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Contain(".lock").And.Contain("ead-only");
        failure.Message.Split(".lock").Should().HaveCount(2, "the message contains the path once: {0}", failure.Message);
    }
}

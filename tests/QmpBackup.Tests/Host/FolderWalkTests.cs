using System.Diagnostics;
using QmpBackup.Host;

namespace QmpBackup.Tests.Host;

/// <summary>Which users could redirect a path.</summary>
public sealed class FolderWalkTests : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _root = Directory.CreateTempSubdirectory("qb-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder(string name, UnixFileMode mode = Private)
    {
        var path = Path.Combine(_root, name);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, mode);
        return path;
    }

    private static string? ReasonForDistrust(string path)
    {
        using var walk = FolderWalk.To(path);
        return walk.Distrust;
    }

    private static void Own(string path, string owner)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "machine: only root can give a file away");
        using var chown = Process.Start("chown", ["-h", owner, path]);
        chown.WaitForExit();
        chown.ExitCode.Should().Be(0);
    }

    [Fact]
    public void Our_folder_below_a_sticky_one_is_trusted_and_the_file_may_be_missing()
    {
        var folder = Folder("a");
        ReasonForDistrust(folder).Should().BeNull();
        ReasonForDistrust(Path.Combine(folder, "file")).Should().BeNull();
        using var walk = FolderWalk.To(Path.Combine(folder, "file"));
        (walk.Folder.Path, walk.Name, walk.Entry).Should().Be((folder, "file", null));
        walk.Invoking(w => w.RequireTrust("The target")).Should().NotThrow();
    }

    [Theory]
    [InlineData(UnixFileMode.OtherWrite, "every user can write to ")]
    [InlineData(UnixFileMode.OtherWrite | UnixFileMode.StickyBit, "every user can write to ")]
    public void A_last_folder_that_others_can_write_is_not_trusted(UnixFileMode mode, string reason)
    {
        var folder = Folder("a", Private | mode);
        ReasonForDistrust(folder).Should().Be(reason + folder);
        ReasonForDistrust(Path.Combine(folder, "file")).Should().Be(reason + folder);
    }

    [Fact]
    public void A_sticky_folder_in_the_path_is_trusted_if_its_entry_is_ours()
    {
        var way = Folder("way", Private | UnixFileMode.OtherWrite | UnixFileMode.StickyBit);
        var ours = Folder("way/ours");
        ReasonForDistrust(ours).Should().BeNull();
        File.SetUnixFileMode(way, Private | UnixFileMode.OtherWrite);
        ReasonForDistrust(ours).Should().Be("every user can write to " + way);
    }

    [Fact]
    public void A_folder_of_another_user_anywhere_in_the_path_is_not_trusted()
    {
        var way = Folder("way");
        var ours = Folder("way/ours");
        Own(way, "65534");
        ReasonForDistrust(ours).Should().Be($"{way} belongs to user 65534");
        using var walk = FolderWalk.To(ours);
        var failure = walk.Invoking(w => w.RequireTrust("The target")).Should().Throw<BackupException>().Which;
        failure.Code.Should().Be(BackupErrorCode.Storage);
        failure.Message.Should().Be($"The target {ours} can be tampered with by other users: {way} belongs to user 65534.");
    }

    [Fact]
    public void A_group_with_other_members_is_not_trusted_and_the_group_of_root_is()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "machine: only root can give a file away");
        var folder = Folder("a", Private | UnixFileMode.GroupWrite);
        Own(folder, "0:0");
        ReasonForDistrust(folder).Should().BeNull();
        Own(folder, "0:65534");
        ReasonForDistrust(folder).Should().Be($"group 65534 can write to {folder}");
    }

    [Fact]
    public void A_link_is_followed_and_one_of_another_user_is_not_trusted()
    {
        var folder = Folder("a");
        var link = Path.Combine(_root, "link");
        File.CreateSymbolicLink(link, folder);
        using (var walk = FolderWalk.To(Path.Combine(link, "file")))
        {
            walk.Folder.Path.Should().Be(folder);
            walk.Distrust.Should().BeNull();
        }

        Own(link, "65534");
        ReasonForDistrust(Path.Combine(link, "file")).Should().Be($"{link} is a link of user 65534");
    }

    [Fact]
    public void A_link_in_a_folder_that_others_can_write_is_not_trusted()
    {
        var (folder, open) = (Folder("a"), Folder("open", Private | UnixFileMode.OtherWrite));
        File.CreateSymbolicLink(Path.Combine(open, "link"), folder);
        ReasonForDistrust(Path.Combine(open, "link")).Should().Be("every user can write to " + open);
    }

    [Fact]
    public void Two_dots_after_a_link_mean_the_parent_of_its_target()
    {
        var deep = Folder("deep");
        Folder("deep/er");
        File.CreateSymbolicLink(Path.Combine(_root, "link"), "deep/er");
        using var walk = FolderWalk.To(_root + "/link/../file");
        walk.Folder.Path.Should().Be(deep);
    }

    [Fact]
    public void A_missing_path_is_reported()
    {
        var folder = Folder("a");
        FluentActions.Invoking(() => FolderWalk.To(folder + "/b/c")).Should().Throw<IOException>().WithMessage($"There is no folder {folder}/b.");
        File.CreateSymbolicLink(folder + "/link", folder + "/nothing");
        FluentActions.Invoking(() => FolderWalk.To(folder + "/link")).Should().Throw<IOException>().WithMessage($"{folder}/link is a link to {folder}/nothing, which is not there.");
        File.CreateSymbolicLink(folder + "/round", "round");
        FluentActions.Invoking(() => FolderWalk.To(folder + "/round")).Should().Throw<IOException>().WithMessage("*too many links*");
        File.WriteAllText(folder + "/file", "");
        FluentActions.Invoking(() => FolderWalk.To(folder + "/file/x")).Should().Throw<IOException>().WithMessage($"{folder}/file is not a folder.");
    }
}

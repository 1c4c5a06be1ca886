using QmpBackup.Host;

namespace QmpBackup.Tests.Host;

/// <summary>Files in a folder that is held open.</summary>
public sealed class OpenFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("qb-").FullName;
    private readonly OpenFolder _folder;

    public OpenFolderTests() => _folder = OpenFolder.Open(_root);

    public void Dispose()
    {
        _folder.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Only_this_user_can_open_a_new_file_or_folder()
    {
        using (_folder.CreateFile("file"))
            File.GetUnixFileMode(_root + "/file").Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using (_folder.MakeChild("folder"))
            File.GetUnixFileMode(_root + "/folder").Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _folder.Names().Should().BeEquivalentTo("file", "folder");
    }

    [Fact]
    public void Creating_fails_if_the_name_exists_and_follows_no_link()
    {
        File.WriteAllText(_root + "/secret", "s");
        File.CreateSymbolicLink(_root + "/link", _root + "/secret");
        File.CreateSymbolicLink(_root + "/dangling", _root + "/nothing");
        foreach (var name in (string[])["secret", "link", "dangling"])
            _folder.Invoking(f => f.CreateFile(name)).Should().Throw<IOException>();
        _folder.Invoking(f => f.OpenFile("link")).Should().Throw<InvalidDataException>();
        File.Exists(_root + "/nothing").Should().BeFalse();
        _folder.Find("link")!.Value.Kind.Should().Be(FileKind.Link);
        _folder.Find("nothing").Should().BeNull();
        _folder.Remove("link").Should().BeTrue();
        _folder.Remove("link").Should().BeFalse();
        File.ReadAllText(_root + "/secret").Should().Be("s");
    }

    [Fact]
    public void Opening_a_pipe_fails_at_once()
    {
        using (var made = System.Diagnostics.Process.Start("mkfifo", [_root + "/pipe"]))
            made.WaitForExit();
        _folder.Invoking(f => f.OpenFile("pipe")).Should().Throw<InvalidDataException>().WithMessage("*is not a regular file");
    }

    [Fact]
    public void An_existing_name_is_replaced_only_on_request()
    {
        File.WriteAllText(_root + "/a", "a");
        File.WriteAllText(_root + "/b", "b");
        _folder.Invoking(f => f.Rename("a", "b", replace: false)).Should().Throw<IOException>();
        File.ReadAllText(_root + "/b").Should().Be("b");
        _folder.Rename("a", "c", replace: false);
        _folder.Rename("c", "b", replace: true);
        File.ReadAllText(_root + "/b").Should().Be("a");
        _folder.Names().Should().Equal("b");
    }

    [Fact]
    public void The_open_folder_stays_the_same_when_its_path_is_replaced()
    {
        var (elsewhere, moved) = (_root + "-elsewhere", _root + "-moved");
        Directory.CreateDirectory(elsewhere);
        try
        {
            Directory.Move(_root, moved);
            File.CreateSymbolicLink(_root, elsewhere);
            _folder.CreateFile("file").Dispose();
            _folder.Flush();
            File.Exists(moved + "/file").Should().BeTrue();
            Directory.EnumerateFileSystemEntries(elsewhere).Should().BeEmpty();
        }
        finally
        {
            File.Delete(_root);
            Directory.Move(moved, _root);
            Directory.Delete(elsewhere);
        }
    }

    [Fact]
    public void A_missing_file_is_reported_in_plain_words() =>
        _folder.Invoking(f => f.OpenFile("nothing")).Should().Throw<FileNotFoundException>().WithMessage($"{_root}/nothing: No such file or directory");
}

using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Testing;

namespace QmpBackup.Tests.Observing;

/// <summary>Scratch folders are looked for in places that the VM names, too: none of them keeps qbackup from its work.</summary>
public sealed class ScratchFolderFinderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static BlockNode FileAt(string path) => new() { Name = "f", Driver = "file", FileName = path };

    private static string FolderIn(TestDirectory place)
    {
        var path = place.Folder("qbackup-1a2b3c");
        File.WriteAllText(Path.Combine(path, "qbackup-1a2b3c-0.qcow2"), "");
        return path;
    }

    private static VmProcess Us()
    {
        var user = uint.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:")).Split('\t')[2]);
        return new VmProcess(Environment.ProcessId, user, user);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/dev/fdset/3")]
    [InlineData("/no/such/place/a.qcow2")]
    [InlineData("relative")]
    public async Task An_unusable_file_name_does_not_hide_other_folders(string name)
    {
        await using var place = TestDirectory.Create();
        var folder = FolderIn(place);
        var (found, silent) = await new ScratchFolderFinder().FindAsync(
            Us(), [FileAt(name), FileAt(place.File("a.qcow2"))], [], [folder], TimeProvider.System, Token);
        found.Should().ContainSingle().Which.Path.Should().Be(folder);
        silent.Should().BeEmpty();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_hanging_file_system_delays_nothing_and_hides_only_its_own_folders()
    {
        Assert.SkipUnless(TestDirectory.CanMount && File.Exists("/dev/fuse"), "mounting a FUSE file system needs root");
        await using var place = TestDirectory.Create();
        var folder = FolderIn(place);
        await using var server = await place.MountHangingAsync("hangs");
        var finder = new ScratchFolderFinder();
        var token = TestContext.Current.CancellationToken;
        for (var i = 0; i < 3; i++)
        {
            var (found, silent) = await finder.FindAsync(Us(), [FileAt(place.File("a.qcow2"))], [place.File("hangs")], [], TimeProvider.System, token);
            found.Should().ContainSingle().Which.Path.Should().Be(folder);
            silent.Should().Equal(place.File("hangs"));
        }
    }
}

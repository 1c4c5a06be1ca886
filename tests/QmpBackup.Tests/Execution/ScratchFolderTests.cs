using System.Net.Sockets;
using QmpBackup.Host;
using QmpBackup.Model;
using QmpBackup.Observing;
using QmpBackup.Qmp;

namespace QmpBackup.Tests.Execution;

/// <summary>The path of a scratch folder may come from a hostile QEMU: it is removed only if it really is one.</summary>
public sealed class ScratchFolderTests : IDisposable
{
    private const string Name = "qbackup-1a2b3c";
    private const string Image = Name + "-0.qcow2";
    private const string Socket = Name + ".sock";

    private readonly string _place = Directory.CreateTempSubdirectory("qbackup-test-").FullName;
    private readonly VmProcess _us;

    public ScratchFolderTests()
    {
        var user = uint.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith("Uid:")).Split('\t')[2]);
        _us = new VmProcess(Environment.ProcessId, user, user);
    }

    public void Dispose() => Directory.Delete(_place, recursive: true);

    private string Make(string name = Name)
    {
        var path = Path.Combine(_place, name);
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, Image), "");
        File.WriteAllText(Path.Combine(path, Socket), "");
        return path;
    }

    [Fact]
    public void A_scratch_folder_is_removed_with_the_files_of_its_session()
    {
        var path = Make();
        ScratchStorage.Remove(path, _us).Should().BeNull();
        Directory.Exists(path).Should().BeFalse();
        ScratchStorage.Remove(path, _us).Should().BeNull("what is gone is gone");
    }

    [Fact]
    public void Files_that_do_not_belong_to_the_session_stay()
    {
        var path = Make();
        string[] others = ["notes.txt", "qbackup-ffffff-0.qcow2", "qbackup-ffffff.sock", "qbackup-1a2b3c-1.qcow2"];
        File.WriteAllText(Path.Combine(path, others[0]), "");
        File.WriteAllText(Path.Combine(path, others[1]), "");
        File.WriteAllText(Path.Combine(path, others[2]), "");
        // A folder with a file in it, in place of an image.
        Directory.CreateDirectory(Path.Combine(path, others[3], "x"));
        ScratchStorage.Remove(path, _us).Should().BeNull();
        Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName).Should().BeEquivalentTo(others);
    }

    [Fact]
    public void A_link_to_a_folder_is_not_followed()
    {
        var real = Make("real");
        File.CreateSymbolicLink(Path.Combine(_place, Name), real);
        ScratchStorage.Remove(Path.Combine(_place, Name), _us).Should().Contain("link");
        ScratchStorage.RemoveFile(Path.Combine(_place, Name, Image), _us).Should().Contain("link");
        File.Exists(Path.Combine(real, Image)).Should().BeTrue();
    }

    [Fact]
    public void A_link_in_the_folder_is_removed_and_its_target_stays()
    {
        var path = Make();
        var target = Path.Combine(_place, "target");
        File.WriteAllText(target, "");
        File.Delete(Path.Combine(path, Image));
        File.CreateSymbolicLink(Path.Combine(path, Image), target);
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us).Should().BeNull();
        (File.Exists(target), Path.Exists(Path.Combine(path, Image))).Should().Be((true, false));
    }

    [Fact]
    public void A_folder_of_another_user_is_left_alone()
    {
        var path = Make();
        ScratchStorage.Remove(path, _us with { UserId = _us.UserId + 1 }).Should().Contain("belongs to user");
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us with { UserId = _us.UserId + 1 }).Should().Contain("belongs to user");
        File.Exists(Path.Combine(path, Image)).Should().BeTrue();
    }

    [Fact]
    public void An_image_that_another_process_has_open_is_left_alone()
    {
        var path = Make();
        File.Delete(Path.Combine(path, Socket));
        using var other = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-c", "exec 3< \"$0\"; echo; read x", Path.Combine(path, Image)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        other.StandardOutput.ReadLine();

        var mark = Path.Combine(path, Name + ".json");
        File.WriteAllText(mark, "");
        ScratchStorage.Remove(path, _us).Should().Contain("another backup");
        File.Exists(mark).Should().BeTrue("the folder is to be found by it again");
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us).Should().Contain("another backup");
        File.Exists(Path.Combine(path, Image)).Should().BeTrue();
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us with { Pid = other.Id }).Should().BeNull("that is its own VM");

        other.StandardInput.Close();
        other.WaitForExit();
        ScratchStorage.Remove(path, _us).Should().BeNull();
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void A_folder_that_a_running_VM_made_and_does_not_use_yet_is_held(bool isOurs, bool isHeld)
    {
        using var vm = System.Diagnostics.Process.Start("sleep", "600");
        try
        {
            var checkpoint = CheckpointId.Create(DateTimeOffset.UtcNow);
            var process = ProcessReader.Read(new UnixPeerCredentials(vm.Id, _us.UserId, _us.GroupId))! with { IsQemu = true };
            var mark = ScratchMark.Of(Given.Vm() with { Process = process }, checkpoint);
            var path = Path.Combine(_place, new SessionNames(checkpoint).Directory);
            ScratchStorage.Make(path, process, mark);
            OwnedFolder.Look(path, isOurs ? process : _us)!.IsHeld.Should().Be(isHeld);
            File.WriteAllBytes(Path.Combine(path, new SessionNames(checkpoint).Mark), (mark with { BeganAt = mark.BeganAt - 1 }).ToJson());
            OwnedFolder.Look(path, _us)!.IsHeld.Should().BeFalse("that process has ended, and another one has its number");
        }
        finally
        {
            vm.Kill();
            vm.WaitForExit();
        }
    }

    [Fact]
    public void A_folder_whose_socket_another_process_serves_is_left_alone()
    {
        var path = Make();
        File.Delete(Path.Combine(path, Socket));
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(Path.Combine(path, Socket)));
        server.Listen(10);
        var other = _us with { Pid = 1 };
        ScratchStorage.Remove(path, other).Should().Contain("another");
        ScratchStorage.RemoveFile(Path.Combine(path, Image), other).Should().Contain("another");
        File.Exists(Path.Combine(path, Image)).Should().BeTrue();
        // Our own server keeps running for others: the images are removed, the socket stays.
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us).Should().BeNull();
        ScratchStorage.Remove(path, _us).Should().Contain("still listens");
        File.Exists(Path.Combine(path, Socket)).Should().BeTrue();
    }

    [Fact]
    public void A_folder_without_a_name_of_ours_is_left_alone()
    {
        var path = Make("precious");
        ScratchStorage.Remove(path, _us).Should().NotBeNull();
        ScratchStorage.RemoveFile(Path.Combine(path, Image), _us).Should().NotBeNull();
        File.Exists(Path.Combine(path, Image)).Should().BeTrue();
    }
}

using QmpBackup.Testing;
using static QmpBackup.Qemu.Tests.Repositories.RepositoryLab;

namespace QmpBackup.Qemu.Tests.Repositories;

/// <summary>Images that come back under the names of other disks: the drives were renumbered, or the command line was changed.</summary>
public sealed class RenamedDiskTests
{
    private static void Swap(QemuVm vm)
    {
        var aside = vm.Directory.File("aside");
        File.Move(vm.ImagePath("a"), aside);
        File.Move(vm.ImagePath("b"), vm.ImagePath("a"));
        File.Move(aside, vm.ImagePath("b"));
    }

    // The bitmaps stay in the images. Each records the changes since a checkpoint for which the repository has a disk of that size and
    // name: the other one.
    [Fact(Timeout = 120_000)]
    public async Task Renamed_disks_are_taken_in_full()
    {
        await using var lab = await StartAsync(null, new TestDisk("a"), new TestDisk("b"));
        await lab.Vm.WriteAsync("a", 0, 0x11, 4 * Mib);
        await lab.Vm.WriteAsync("b", 8 * Mib, 0x22, 4 * Mib);
        await lab.RunAsync();
        var (a, b) = (lab.Vm.Snapshot("b"), lab.Vm.Snapshot("a"));
        await lab.Vm.QuitAsync();
        Swap(lab.Vm);
        await lab.Vm.RestartAsync();
        await lab.Vm.WriteAsync("a", Mib, 0x33, Mib);
        a.AsSpan(Mib, Mib).Fill(0x33);

        var second = await RunAsync(lab, a, b);
        second.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Full && d.Reason.Contains("had another name"));

        // From here on the names are these.
        await lab.Vm.WriteAsync("b", 2 * Mib, 0x44, Mib);
        b.AsSpan(2 * Mib, Mib).Fill(0x44);
        var third = await RunAsync(lab, a, b);
        third.Disks.Should().OnlyContain(d => d.Level == BackupLevel.Incremental);
        third.Disks.Sum(d => d.BytesWritten).Should().Be(Mib);
        await lab.ShouldAllBeRightAsync();
        (await lab.Vm.StateAsync()).Bitmaps.Should().HaveCount(2);
    }

    // As libvirt does when it takes a snapshot: the new image has an empty bitmap of the same name. Here it even has the name of the file.
    [Fact(Timeout = 120_000)]
    public async Task Bitmap_that_a_snapshot_copied_by_name_only_is_not_a_parent()
    {
        await using var lab = await StartAsync(null, new TestDisk("a"));
        await lab.Vm.WriteAsync("a", 0, 0x11, 4 * Mib);
        await lab.RunAsync();
        await lab.Vm.WriteAsync("a", Mib, 0x22, Mib);
        var bitmap = (await lab.Vm.StateAsync()).Bitmaps.Single().Split(' ')[0]["a/".Length..];
        await lab.Vm.QuitAsync();
        var (image, below) = (lab.Vm.ImagePath("a"), lab.Vm.Directory.File("below.qcow2"));
        File.Move(image, below);
        await CommandRunner.RunCheckedAsync("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", "qcow2", image);
        await CommandRunner.RunCheckedAsync("qemu-img", "bitmap", "--add", image, bitmap);
        await lab.Vm.RestartAsync();

        var next = (await lab.RunAsync()).Pulled.Point;
        next.Disks.Single().Level.Should().Be(BackupLevel.Full);
        next.Disks.Single().Reason.Should().Contain("a snapshot was taken since");
        await lab.ShouldAllBeRightAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Shared_writable_disk_is_always_taken_in_full()
    {
        await using var lab = await StartAsync(null, new TestDisk("a") { Shared = true }, new TestDisk("b"));
        await lab.RunAsync();
        await lab.Vm.WriteAsync("b", 0, 0x11, Mib);
        var next = (await lab.RunAsync()).Pulled.Point;
        next.FindDisk("a")!.Reason.Should().Contain("share-rw");
        next.Disks.Select(d => (d.Name, d.Level)).Should().Equal(("a", BackupLevel.Full), ("b", BackupLevel.Incremental));
        await lab.ShouldAllBeRightAsync();
    }

    private static async Task<RepositoryPoint> RunAsync(RepositoryLab lab, byte[] a, byte[] b)
    {
        var point = (await lab.RunAsync()).Pulled.Point;
        (lab.Expected[(point.Id, "a")], lab.Expected[(point.Id, "b")]) = ([.. a], [.. b]);
        return point;
    }
}

namespace QmpBackup.Testing.Tests;

public sealed class StorageDaemonTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("host")]
    [InlineData("10.0")]
    [InlineData("11.1")]
    public async Task A_write_through_the_guest_export_does_not_change_the_point_in_time(string version)
    {
        var token = TestContext.Current.CancellationToken;
        var binaries = QemuBinaries.TryGet(version);
        Assert.SkipWhen(binaries is null, QemuBinaries.Missing(version));
        await using var daemon = await StorageDaemon.StartAsync(new StorageDaemonOptions { Binaries = binaries, Disks = [new TestDisk("a")] }, token);
        await daemon.WriteAllAsync("a", [GuestWrite.Data(0, 65536, 1), GuestWrite.Data(65536, 65536, 2), GuestWrite.Discard(0, 65536)], token);
        var point = daemon.Snapshot("a");
        var before = await daemon.StateAsync(token);
        before.NbdServerRuns.Should().BeTrue();
        before.Status.Should().BeNull();

        await PullByHand.OpenAsync(daemon, "a", null, "b0", "point");
        await daemon.WriteAsync("a", 65536, 3, 65536, token);
        var uri = NbdTools.Uri(daemon.Directory.File("guest"), "point");
        DiskOracle.Compare(point, await NbdTools.ReadAsync(uri, daemon.Directory)).Should().BeNull();
        await PullByHand.CloseAsync(daemon, "a");

        var after = await daemon.StateAsync(token);
        after.Bitmaps.Should().Equal("a/b0 recording persistent count=65536 granularity=65536");
        (after with { Bitmaps = before.Bitmaps }).Should().BeEquivalentTo(before);
        await daemon.QuitAsync();
        DiskOracle.Compare(daemon.Snapshot("a"), await DiskImages.ReadAsync(daemon.ImagePath("a"))).Should().BeNull();
    }
}

using QmpBackup.Planning;

namespace QmpBackup.Tests.Planning;

public sealed class ScratchEstimateTests
{
    private const long Mib = 1 << 20;
    private const long Gib = 1 << 30;

    private static DiskChoice Choice(BackupLevel level, long size, long? allocated, long? dirty = null)
    {
        var disk = Given.Disk("a", dirty is { } count ? [Given.Recording(Given.Name(0), count)] : []);
        disk = disk with { Node = disk.Node with { Size = size, AllocatedSize = allocated } };
        return new DiskChoice { Disk = disk, Level = level, Reason = "", Old = ChainOnDisk.Of(disk.Node, "default").Head };
    }

    private static long Of(params DiskChoice[] choices) => ScratchEstimate.Of([.. choices], Given.Checkpoint(24).Time);

    [Fact]
    public void Nothing_known_of_the_guest_s_writes_means_one_hundredth_of_what_the_image_holds() =>
        Of(Choice(BackupLevel.Full, 1024 * Gib, 100 * Gib)).Should().Be(Gib);

    [Fact]
    public void A_device_counts_as_full() => Of(Choice(BackupLevel.Full, 100 * Gib, 0)).Should().Be(Gib);

    [Fact]
    public void What_a_bitmap_recorded_in_a_day_is_the_rate_at_which_the_guest_writes()
    {
        // 24 GiB in 24 hours; a full of 100 GB is read in 1000 seconds, and twice as many are allowed for.
        var estimate = Of(Choice(BackupLevel.Full, 1024 * Gib, 100_000_000_000, 24 * Gib));
        estimate.Should().BeCloseTo(24 * Gib * 2000 / 86400, (ulong)Mib);
    }

    [Fact]
    public void An_increment_is_read_sooner_than_a_full() =>
        Of(Choice(BackupLevel.Incremental, 1024 * Gib, 500 * Gib, 24 * Gib)).Should().BeLessThan(Of(Choice(BackupLevel.Full, 1024 * Gib, 500 * Gib, 24 * Gib)));

    [Fact]
    public void It_is_never_more_than_what_the_guest_wrote_in_all_the_time_before() =>
        Of(Choice(BackupLevel.Full, 16384 * Gib, 16384 * Gib, Gib)).Should().Be(Gib);

    [Fact]
    public void It_is_never_more_than_the_disk_nor_less_than_room_to_give_way_in()
    {
        Of(Choice(BackupLevel.Full, Mib, Mib)).Should().Be(Mib);
        Of(Choice(BackupLevel.Full, 64 * Mib, 64 * Mib), Choice(BackupLevel.Full, 64 * Mib, null)).Should().Be(32 * Mib);
    }
}

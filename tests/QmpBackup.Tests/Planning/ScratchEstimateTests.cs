using QmpBackup.Model;
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
        return new DiskChoice { Disk = disk, Level = level, Reason = "", Old = ChainOnDisk.Of(disk.Node, ChainName.Default).Head };
    }

    private static long Of(params DiskChoice[] choices) => ScratchEstimate.Of([.. choices], Given.Checkpoint(24).Time);

    [Fact]
    public void Without_a_known_write_rate_the_estimate_is_one_hundredth_of_the_allocated_size() =>
        Of(Choice(BackupLevel.Full, 1024 * Gib, 100 * Gib)).Should().Be(Gib);

    [Fact]
    public void A_device_counts_as_full() => Of(Choice(BackupLevel.Full, 100 * Gib, 0)).Should().Be(Gib);

    [Fact]
    public void The_write_rate_of_the_guest_is_taken_from_its_bitmap()
    {
        // The guest writes 24 GiB in 24 hours. Reading a full of 100 GB takes 1000 seconds, and the estimate allows for twice as long.
        var estimate = Of(Choice(BackupLevel.Full, 1024 * Gib, 100_000_000_000, 24 * Gib));
        estimate.Should().BeCloseTo(24 * Gib * 2000 / 86400, (ulong)Mib);
    }

    [Fact]
    public void An_increment_needs_less_scratch_than_a_full() =>
        Of(Choice(BackupLevel.Incremental, 1024 * Gib, 500 * Gib, 24 * Gib)).Should().BeLessThan(Of(Choice(BackupLevel.Full, 1024 * Gib, 500 * Gib, 24 * Gib)));

    [Fact]
    public void The_estimate_is_at_most_what_the_guest_wrote_before() =>
        Of(Choice(BackupLevel.Full, 16384 * Gib, 16384 * Gib, Gib)).Should().Be(Gib);

    [Fact]
    public void The_estimate_is_at_most_the_disk_and_at_least_the_reserve()
    {
        Of(Choice(BackupLevel.Full, Mib, Mib)).Should().Be(Mib);
        Of(Choice(BackupLevel.Full, 64 * Mib, 64 * Mib), Choice(BackupLevel.Full, 64 * Mib, null)).Should().Be(32 * Mib);
    }
}

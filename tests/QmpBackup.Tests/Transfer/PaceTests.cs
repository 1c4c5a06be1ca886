using Microsoft.Extensions.Time.Testing;
using QmpBackup.Transfer;

namespace QmpBackup.Tests.Transfer;

public class PaceTests
{
    private const long Mib = 1 << 20;

    /// <summary>A guest that loses speed in proportion to what is read, and a reader that takes all it may.</summary>
    private sealed class Guest(double rate, long mostBytesPerSecond)
    {
        private double _operations;
        private double _nanoseconds;

        public double Alone { get; set; } = rate;

        /// <summary>Lets time pass, and looks.</summary>
        public double Run(PaceController controller)
        {
            var seconds = controller.Next.TotalSeconds;
            var read = Math.Min(controller.Pace.BytesPerSecond ?? mostBytesPerSecond, mostBytesPerSecond);
            var kept = 1 - (0.8 * read / mostBytesPerSecond);
            _operations += Alone * kept * seconds;
            _nanoseconds += 1e9 * seconds;
            controller.Observe(new GuestLoad((long)_operations, (long)_nanoseconds), controller.Next, (long)(read * seconds));
            return kept;
        }
    }

    [Theory]
    [InlineData(0.75)]
    [InlineData(0.9)]
    public void A_busy_guest_keeps_its_share_of_the_speed_and_the_reading_takes_the_rest(double keep)
    {
        var controller = new PaceController(keep, 8 * Mib);
        var guest = new Guest(3000, 800 * Mib);
        for (var i = 0; i < 40; i++)
            guest.Run(controller);
        var kept = Enumerable.Range(0, 100).Select(_ => guest.Run(controller)).ToList();
        kept.Average().Should().BeInRange(keep - 0.06, keep + 0.12);
    }

    [Fact]
    public void An_idle_guest_is_read_without_a_limit_and_never_a_pause()
    {
        var controller = new PaceController(0.75, 8 * Mib);
        var guest = new Guest(5, 800 * Mib);
        for (var i = 0; i < 30; i++)
        {
            guest.Run(controller);
            controller.Pace.Should().Be(ReadPace.Free);
        }
    }

    [Fact]
    public void A_guest_that_becomes_idle_is_read_without_a_limit_again()
    {
        var controller = new PaceController(0.75, 8 * Mib);
        var guest = new Guest(3000, 800 * Mib);
        for (var i = 0; i < 20; i++)
            guest.Run(controller);
        controller.Pace.Should().NotBe(ReadPace.Free);
        guest.Alone = 0;
        for (var i = 0; i < 12; i++)
            guest.Run(controller);
        controller.Pace.Should().Be(ReadPace.Free);
    }

    [Fact]
    public void A_guest_that_stands_still_whatever_is_done_does_not_stop_the_backup()
    {
        var controller = new PaceController(0.75, 8 * Mib);
        var guest = new Guest(3000, 8 * Mib);
        for (var i = 0; i < 60; i++)
        {
            guest.Run(controller);
            if (controller.Pace != ReadPace.Paused)
                (controller.Pace.BytesPerSecond ?? long.MaxValue).Should().BeGreaterThanOrEqualTo(8 * Mib);
        }
    }

    [Fact]
    public void A_look_that_fails_ends_a_pause()
    {
        var controller = new PaceController(0.75, 8 * Mib);
        var guest = new Guest(3000, 800 * Mib);
        while (controller.Pace != ReadPace.Paused)
            guest.Run(controller);
        controller.Miss();
        controller.Pace.BytesPerSecond.Should().BePositive();
    }

    [Fact]
    public async Task The_gate_spaces_reads_out_and_opens_at_once_when_the_limit_goes()
    {
        var time = new FakeTimeProvider();
        using var gate = new ReadGate(time) { Pace = new ReadPace(Mib) };
        gate.SliceOf(256 << 10).Should().Be(ReadGate.LongestSlice);
        await gate.WaitAsync(64 << 10, TestContext.Current.CancellationToken);
        var second = gate.WaitAsync(64 << 10, TestContext.Current.CancellationToken).AsTask();
        second.IsCompleted.Should().BeFalse();
        time.Advance(TimeSpan.FromMilliseconds(62.5));
        await second;

        gate.Pace = ReadPace.Paused;
        var paused = gate.WaitAsync(64 << 10, TestContext.Current.CancellationToken).AsTask();
        time.Advance(TimeSpan.FromHours(1));
        paused.IsCompleted.Should().BeFalse();
        gate.Pace = ReadPace.Free;
        await paused;
        gate.SliceOf(256 << 10).Should().Be(256 << 10);
        gate.Bytes.Should().Be(3 * (64 << 10));
    }
}

using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

public sealed class HumaneTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(512, "512 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(64 << 20, "64 MiB")]
    [InlineData((1L << 20) - 1, "1 MiB")]
    [InlineData(10L << 40, "10 TiB")]
    [InlineData(long.MaxValue, "8 EiB")]
    [InlineData(-1, "?")]
    public void Sizes_have_a_short_form(long bytes, string expected) => Humane.Size(bytes).Should().Be(expected);

    [Fact]
    public void Times_are_shown_in_UTC() =>
        Humane.Time(new DateTimeOffset(2026, 11, 23, 5, 4, 3, TimeSpan.FromHours(2))).Should().Be("2026-11-23 03:04:03 UTC");
}

namespace QmpBackup.Tests.Model;

public sealed class CheckpointIdTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 23, 4, 47, 12, 900, TimeSpan.FromHours(1));

    [Fact]
    public void An_id_is_the_second_in_UTC_and_the_tag()
    {
        var id = CheckpointId.Create(Time, "1a2b3c");
        id.ToString().Should().Be("20261123T034712Z-1a2b3c");
        id.Tag.Should().Be("1a2b3c");
        id.Time.Should().Be(new DateTimeOffset(2026, 11, 23, 3, 47, 12, TimeSpan.Zero));
    }

    [Fact]
    public void Two_ids_of_the_same_second_differ() => CheckpointId.Create(Time).Should().NotBe(CheckpointId.Create(Time));

    [Fact]
    public void An_id_is_read_back_as_it_was_written()
    {
        var id = CheckpointId.Create(Time);
        CheckpointId.TryParse(id.Value, out var read).Should().BeTrue();
        read.Should().Be(id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("20261123T034712Z")]
    [InlineData("20261123T034712Z-1a2b3")]
    [InlineData("20261123T034712Z-1A2B3C")]
    [InlineData("20261323T034712Z-1a2b3c")]
    [InlineData("20261123T034712Z_1a2b3c")]
    [InlineData("../20261123T034712-1a2b")]
    [InlineData(" 20261123T034712Z-1a2b3c")]
    public void An_invalid_id_is_refused(string? text) => CheckpointId.TryParse(text, out _).Should().BeFalse();

    [Fact]
    public void The_later_point_is_the_greater() =>
        (CheckpointId.Create(Time, "ffffff") < CheckpointId.Create(Time.AddSeconds(1), "000000")).Should().BeTrue();
}

using QmpBackup.Naming;

namespace QmpBackup.Tests.Naming;

public sealed class CheckpointBitmapNameTests
{
    private const string A = "20261123T034712Z-1a2b3c";
    private const string B = "20261122T034712Z-aaaaaa";

    [Theory]
    [InlineData($"qbackup.default.{A}", "default", false, null)]
    [InlineData($"qbackup.default.{A}.open", "default", true, null)]
    [InlineData($"qbackup.a-b_C9.{A}.{B}", "a-b_C9", false, B)]
    [InlineData($"qbackup.default.{A}.open.{B}", "default", true, B)]
    public void Names_are_read_and_written_alike(string text, string chain, bool open, string? before)
    {
        CheckpointBitmapName.TryParse(text, out var name).Should().BeTrue();
        name!.Chain.Should().Be(chain);
        name.Checkpoint.Value.Should().Be(A);
        name.IsOpen.Should().Be(open);
        name.Predecessor?.Value.Should().Be(before);
        name.ToString().Should().Be(text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("bitmap0")]
    [InlineData("qbackup.default")]
    [InlineData($"qbackup..{A}")]
    [InlineData($"qbackup.a/b.{A}")]
    [InlineData($"qbackup.default.{A}.shut")]
    [InlineData($"qbackup.default.{A}.open.open")]
    [InlineData($"qbackup.default.{A}.{B}.{B}")]
    [InlineData($"qbackup.default.{A}.open.{B}.x")]
    [InlineData($"Qbackup.default.{A}")]
    public void What_is_not_ours_is_left_alone(string? text) => CheckpointBitmapName.TryParse(text, out _).Should().BeFalse();
}

using QmpBackup.Model;

namespace QmpBackup.Tests.Model;

public sealed class CheckpointBitmapNameTests
{
    private const string A = "20261123T034712Z-1a2b3c";
    private const string B = "20261122T034712Z-aaaaaa";

    [Theory]
    [InlineData($"qbackup.default.{A}", "default", false, null, null)]
    [InlineData($"qbackup.default.{A}.open", "default", true, null, null)]
    [InlineData($"qbackup.a-b_C9.{A}.{B}", "a-b_C9", false, B, null)]
    [InlineData($"qbackup.default.{A}.open.{B}", "default", true, B, null)]
    [InlineData($"qbackup.default.{A}.on-12345678", "default", false, null, "12345678")]
    [InlineData($"qbackup.default.{A}.open.on-12345678", "default", true, null, "12345678")]
    [InlineData($"qbackup.default.{A}.{B}.on-9abcdef0", "default", false, B, "9abcdef0")]
    [InlineData($"qbackup.default.{A}.open.{B}.on-9abcdef0", "default", true, B, "9abcdef0")]
    public void A_parsed_name_is_written_unchanged(string text, string chain, bool open, string? before, string? disk)
    {
        CheckpointBitmapName.TryParse(text, out var name).Should().BeTrue();
        name!.Chain.Value.Should().Be(chain);
        name.Checkpoint.Value.Should().Be(A);
        name.IsOpen.Should().Be(open);
        (name.Predecessor?.Value).Should().Be(before);
        name.Disk.Should().Be(disk);
        name.ToString().Should().Be(text);
    }

    [Theory]
    [InlineData($"qbackup.default.{A}.twin.on-12345678")]
    [InlineData($"qbackup.default.{A}.{B}.twin.on-12345678")]
    [InlineData($"qbackup.default.{A}.open.twin.on-12345678")]
    [InlineData($"qbackup.default.{A}.open.{B}.twin.on-12345678")]
    public void A_twin_has_the_name_of_its_bitmap_and_the_word_twin(string text)
    {
        CheckpointBitmapName.TryParse(text, out var twin).Should().BeTrue();
        CheckpointBitmapName.TryParse(text.Replace(".twin", ""), out var bitmap).Should().BeTrue();
        twin!.IsTwin.Should().BeTrue();
        bitmap!.IsTwin.Should().BeFalse();
        twin.ToString().Should().Be(text);
        bitmap.Twin.Should().Be(twin);
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
    [InlineData($"qbackup.default.{A}.twin.{B}.on-12345678")]
    [InlineData($"qbackup.default.{A}.twin.twin.on-12345678")]
    [InlineData($"qbackup.default.{A}.on-12345678.twin")]
    [InlineData($"qbackup.default.{A}.on-1234567")]
    [InlineData($"qbackup.default.{A}.on-123456789")]
    [InlineData($"qbackup.default.{A}.on-1234567g")]
    [InlineData($"qbackup.default.{A}.on-12345678.{B}")]
    [InlineData($"qbackup.default.{A}.on-12345678.on-12345678")]
    [InlineData($"Qbackup.default.{A}")]
    public void A_name_of_another_program_is_not_parsed(string? text) => CheckpointBitmapName.TryParse(text, out _).Should().BeFalse();

    [Theory]
    [InlineData("vda", "/vm/vda.qcow2", "4e7e4735")]
    [InlineData("Disk ü", "", "88e1e998")]
    public void The_tag_of_a_disk_never_changes(string disk, string file, string tag) => DiskTag.Of(disk, file).Should().Be(tag);
}

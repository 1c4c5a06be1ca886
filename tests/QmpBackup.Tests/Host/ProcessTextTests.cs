using QmpBackup.Host;

namespace QmpBackup.Tests.Host;

public sealed class ProcessTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("qemu-img: no space\n", "qemu-img: no space")]
    [InlineData("one\ntwo\x1b[31m.\n", "one two [31m")]
    public async Task The_output_becomes_one_line(string printed, string expected) =>
        (await ProcessText.ReadAsync(new StringReader(printed))).Should().Be(expected);

    [Fact]
    public async Task Only_the_end_of_a_long_output_is_kept()
    {
        var text = await ProcessText.ReadAsync(new StringReader(string.Concat(Enumerable.Range(0, 200_000).Select(i => $"line {i}\n")) + "the cause\n"));
        text.Should().StartWith("… ").And.EndWith("line 199999 the cause");
        text.Length.Should().BeLessThan(4200);
    }
}

using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("disk-a", "disk-a")]
    [InlineData("größer 磁盘 ≤", "größer 磁盘 ≤")]
    [InlineData("\e[31mred", "\\x1b[31mred")]
    [InlineData("a\nb\tc\rd", "a\\nb\\tc\\rd")]
    [InlineData("bell\a nul\0 del\x7f", "bell\\x07 nul\\x00 del\\x7f")]
    [InlineData("csi\u009b31m", "csi\\x9b31m")]
    [InlineData("evil\u202egpj.exe", "evil\\u{202e}gpj.exe")]
    [InlineData("zero\u200bwidth\u2066iso\ufeff", "zero\\u{200b}width\\u{2066}iso\\u{feff}")]
    [InlineData("line\u2028sep", "line\\u{2028}sep")]
    [InlineData("tag\U000E0041", "tag\\u{e0041}")]
    public void Control_characters_are_escaped(string text, string expected)
    {
        TerminalText.Escape(text).Should().Be(expected);
        TerminalText.Escape(expected).Should().Be(expected, "escaping twice is escaping once");
    }

    [Fact]
    public void Escaped_JSON_has_the_same_value()
    {
        const string Json = "{\n  \"a\": \"\u202e\U000E0041\u009bü\"\n}";

        var escaped = TerminalText.EscapeJson(Json);

        escaped.Should().Be("{\n  \"a\": \"\\u202e\\udb40\\udc41\\u009bü\"\n}");
        System.Text.Json.JsonDocument.Parse(escaped).RootElement.GetProperty("a").GetString().Should().Be("\u202e\U000E0041\u009bü");
    }
}

using System.Text.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Tests;

public sealed class JsonLayoutTests
{
    private const string Transaction = """
        {"execute":"transaction","arguments":{"actions":[
          {"type":"block-dirty-bitmap-add","data":{"node":"disk-a","name":"qbackup.default.20261123T034712Z-1a2b3c.open","persistent":true}},
          {"type":"abort","data":{}}],"properties":{}}}
        """;

    [Theory]
    [InlineData("""{"execute":"query-jobs"}""", """{ "execute": "query-jobs" }""")]
    [InlineData("""{"a":[],"b":{},"c":null,"d":[1,true,"x"]}""", """{ "a": [], "b": {}, "c": null, "d": [ 1, true, "x" ] }""")]
    [InlineData("[]", "[]")]
    [InlineData("\"a\"", "\"a\"")]
    public void JSON_that_fits_is_one_line(string json, string expected) => LinesOf(json, 80).Should().Equal(expected);

    [Fact]
    public void A_long_transaction_has_one_action_per_line() => LinesOf(
        """{"execute":"transaction","arguments":{"actions":[{"type":"one","data":{"node":"disk-a"}},{"type":"two","data":{"node":"disk-b"}}]}}""", 60).Should().Equal(
        """{ "execute": "transaction", "arguments": { "actions": [""",
        """    { "type": "one", "data": { "node": "disk-a" } },""",
        """    { "type": "two", "data": { "node": "disk-b" } }""",
        """] } }""");

    [Theory]
    [InlineData(20)]
    [InlineData(50)]
    [InlineData(80)]
    [InlineData(200)]
    public void The_JSON_is_the_same_at_every_width(int width)
    {
        var text = string.Join('\n', LinesOf(Transaction, width));

        JsonElement.DeepEquals(JsonDocument.Parse(text).RootElement, JsonDocument.Parse(Transaction).RootElement).Should().BeTrue(text);
    }

    [Fact]
    public void Lines_fit_into_the_width() => LinesOf(Transaction, 80).Should().OnlyContain(line => line.Length <= 80);

    [Fact]
    public void Long_strings_are_cut_with_the_number_of_missing_characters() =>
        JsonLayout.Of(JsonDocument.Parse("""{"identity":"0123456789"}""").RootElement, 80, longestString: 4).Should().Equal("""{ "identity": "0123…" (6 more characters) }""");

    [Fact]
    public void Control_characters_in_JSON_are_escaped() => LinesOf("""{"a":"\u001b[31m\u202e"}""", 80).Should().Equal("""{ "a": "\u001B[31m\u202e" }""");

    private static IReadOnlyList<string> LinesOf(string json, int width) => JsonLayout.Of(JsonDocument.Parse(json).RootElement, width);
}

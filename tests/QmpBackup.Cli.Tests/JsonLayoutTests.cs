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
    public void What_fits_is_one_line(string json, string expected) => Lay(json, 80).Should().Equal(expected);

    [Fact]
    public void A_long_transaction_has_its_actions_one_by_one() => Lay(
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
    public void It_stays_the_same_json_at_every_width(int width)
    {
        var text = string.Join('\n', Lay(Transaction, width));

        JsonElement.DeepEquals(JsonDocument.Parse(text).RootElement, JsonDocument.Parse(Transaction).RootElement).Should().BeTrue(text);
    }

    [Fact]
    public void Lines_stay_within_the_width_where_words_allow_it() => Lay(Transaction, 80).Should().OnlyContain(line => line.Length <= 80);

    [Fact]
    public void Long_strings_are_cut_and_say_so() =>
        JsonLayout.Of(JsonDocument.Parse("""{"identity":"0123456789"}""").RootElement, 80, longestString: 4).Should().Equal("""{ "identity": "0123…" (6 more characters) }""");

    [Fact]
    public void Nothing_in_it_acts_on_a_terminal() => Lay("""{"a":"\u001b[31m\u202e"}""", 80).Should().Equal("""{ "a": "\u001B[31m\u202e" }""");

    private static IReadOnlyList<string> Lay(string json, int width) => JsonLayout.Of(JsonDocument.Parse(json).RootElement, width);
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace QmpBackup.Tests.Model;

public sealed partial class ChainNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("default")]
    [InlineData("a-b_C9")]
    [InlineData("_")]
    [InlineData("01234567890123456789012345678901")]
    public void A_name_is_written_as_it_was_read(string text)
    {
        ChainName.TryParse(text, out var name).Should().BeTrue();
        name.Value.Should().Be(text);
        name.ToString().Should().Be(text);
        ChainName.Parse(text).Should().Be(name);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a.b")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("ä")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("a\0")]
    [InlineData("012345678901234567890123456789012")]
    public void An_invalid_name_is_refused(string? text)
    {
        ChainName.TryParse(text, out var name).Should().BeFalse();
        name.Should().Be(default(ChainName));
        FluentActions.Invoking(() => ChainName.Parse(text!)).Should().Throw<FormatException>();
    }

    [Fact]
    public void The_default_value_is_the_chain_named_default()
    {
        default(ChainName).Should().Be(ChainName.Default).And.Be(ChainName.Parse("default"));
        default(ChainName).GetHashCode().Should().Be(ChainName.Parse("default").GetHashCode());
        default(ChainName).Value.Should().Be("default");
    }

    [Fact]
    public void Names_are_ordered_by_their_characters() =>
        new[] { "b", "default", "B", "a" }.Select(ChainName.Parse).Order().Select(n => n.Value).Should().Equal("B", "a", "b", "default");

    [Fact]
    public void Names_are_strings_in_JSON()
    {
        var names = new Names(ChainName.Parse("weekly"), Given.Checkpoint(1), null);
        var json = JsonSerializer.Serialize(names, Context.Default.Names);
        json.Should().Be($$"""{"Chain":"weekly","Checkpoint":"{{Given.Checkpoint(1)}}","Parent":null}""");
        JsonSerializer.Deserialize(json, Context.Default.Names).Should().Be(names);
    }

    [Theory]
    [InlineData("\"a.b\"")]
    [InlineData("\"\"")]
    [InlineData("null")]
    [InlineData("1")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[\"a\"]")]
    public void JSON_that_is_not_a_valid_name_is_refused(string value)
    {
        FluentActions.Invoking(() => JsonSerializer.Deserialize($$"""{"Chain":{{value}},"Checkpoint":"{{Given.Checkpoint(1)}}"}""", Context.Default.Names)).Should().Throw<JsonException>();
        FluentActions.Invoking(() => JsonSerializer.Deserialize($$"""{"Chain":"a","Checkpoint":{{value}}}""", Context.Default.Names)).Should().Throw<JsonException>();
    }

    internal sealed record Names(ChainName Chain, CheckpointId Checkpoint, CheckpointId? Parent);

    [JsonSerializable(typeof(Names))]
    private sealed partial class Context : JsonSerializerContext;
}

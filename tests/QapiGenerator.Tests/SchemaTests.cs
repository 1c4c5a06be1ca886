using QapiGenerator.Schema;

namespace QapiGenerator.Tests;

public sealed class SchemaTests
{
    [Fact]
    public void A_file_is_a_sequence_of_expressions_with_comments_between_them()
    {
        var found = QapiParser.Parse(
            """
            # -*- Mode: Python -*-
            ##
            # = A chapter
            ##

            ##
            # @Size:
            #
            # Since: 2.4
            ##
            { 'struct': 'Size', # a comment
              'data': { '*bytes': "int", 'parts': [ 'str' ], 'flag': { 'type': 'bool', 'features': [ 'unstable' ] } },
              'gen': false }
            { 'enum': 'E', 'data': [ 'a', 'b', ] }
            """,
            "x.json");

        found.Should().HaveCount(2);
        found[0].Value.ToJsonString().Should().Be(
            """{"struct":"Size","data":{"*bytes":"int","parts":["str"],"flag":{"type":"bool","features":["unstable"]}},"gen":false}""");
        found[0].Doc.Should().Match<QapiDoc>(doc => doc.Name == "Size" && doc.Since == "2.4");
        found[1].Doc.Name.Should().BeNull("a comment belongs to one expression");
    }

    [Theory]
    [InlineData("{ 'a' 'b' }")]
    [InlineData("{ 'a': 'b'")]
    [InlineData("{ 'a': maybe }")]
    [InlineData("'a'")]
    public void A_text_that_is_not_an_expression_is_refused_with_file_and_line(string text) =>
        FluentActions.Invoking(() => QapiParser.Parse("\n" + text, "x.json")).Should().Throw<FormatException>()
            .WithMessage("x.json, line 2: expected *");

    [Fact]
    public void A_comment_gives_version_unit_and_default_of_members_and_no_sentence_is_kept()
    {
        var doc = QapiDoc.Parse(
        [
            "@X:", "", "Something.", "", "@speed: the limit, in bytes per second", "    (default 0) (since", "    5.1)", "",
            "@name: a name", "", "Text of the whole, since 1.0 of something.", "", "Features:", "", "@unstable: experimental (since 9.9)", "",
            "Since: 2.3",
        ]);

        doc.Since.Should().Be("2.3");
        doc["speed"].Should().Be(new DocFacts("5.1", "bytes per second", "0"));
        doc["name"].Should().Be(DocFacts.None);
        doc["unstable"].Should().Be(DocFacts.None, "a feature is not a member");
    }

    [Fact]
    public void Conditions_and_features_are_kept_as_text()
    {
        var schema = Read(
            """
            { 'command': 'x', 'if': { 'all': [ 'CONFIG_A', { 'not': 'CONFIG_B' } ] }, 'features': [ 'deprecated', { 'name': 'unstable' } ] }
            { 'struct': 'Old', 'data': { 'a': { 'type': 'int', 'if': 'defined(CONFIG_C)' } } }
            """);

        var command = schema.Definitions[0];
        command.Condition.Should().Be("CONFIG_A and (not CONFIG_B)");
        (command.IsDeprecated, command.IsUnstable).Should().Be((true, true));
        schema.Definitions[1].Members.Single().Condition.Should().Be("CONFIG_C");
    }

    [Fact]
    public void A_union_without_a_discriminator_gets_the_enumeration_and_the_wrappers_that_it_stands_for()
    {
        var schema = Read("{ 'union': 'Old', 'data': { 'one': 'str', 'two': 'int' } }");

        var union = schema.Definitions.Single(definition => definition.Kind == QapiKind.Union);
        union.Discriminator.Should().Be("type");
        schema.Definitions.Single(definition => definition.Name == "OldKind").Members.Select(member => member.Name).Should().Equal("one", "two");
        union.Branches.Select(branch => branch.Name).Should().Equal("one", "two");
    }

    [Fact]
    public void What_a_version_lost_is_kept_and_marked_and_what_it_gained_is_optional_in_answers()
    {
        var merged = QapiMerge.Merge(
        [
            Read("{ 'struct': 'S', 'data': { 'stays': 'int', 'goes': 'int' } } { 'command': 'gone' }") with { Version = "5.2" },
            Read("{ 'struct': 'S', 'data': { 'stays': 'int', 'comes': 'int' } }") with { Version = "10.0" },
        ]);

        var members = merged.Definitions.Single(definition => definition.Name == "S").Members.ToDictionary(member => member.Name);
        members["stays"].Should().Match<QapiMember>(member => !member.IsOptional && !member.WasOptional && member.RemovedIn == null);
        members["comes"].WasOptional.Should().BeTrue();
        members["goes"].Should().Match<QapiMember>(member => member.IsOptional && member.RemovedIn == "10.0");
        merged.Definitions.Single(definition => definition.Name == "gone").RemovedIn.Should().Be("10.0");
    }

    [Fact]
    public void Additions_add_and_remove_nothing_that_they_do_not_name()
    {
        var merged = QapiMerge.Merge(
        [
            Read("{ 'enum': 'E', 'data': [ 'a', 'b' ] } { 'command': 'stays' }"),
            Read("{ 'enum': 'E', 'data': [ 'c', { 'name': 'a', 'features': [ 'removed:11.1' ] } ] }") with { IsAddition = true },
        ]);

        merged.Definitions[0].Members.Select(value => (value.Name, value.RemovedIn)).Should().Equal(("a", "11.1"), ("b", null), ("c", null));
        merged.Definitions[1].RemovedIn.Should().BeNull();
    }

    [Fact]
    public void What_the_newest_source_lost_is_marked_with_its_version_whatever_is_added_to_it()
    {
        var newest = QapiMerge.Add(
            Read("{ 'command': 'stays' }") with { Version = "10.0" },
            Read("{ 'command': 'comes' }") with { Version = "11.1", IsAddition = true });
        var merged = QapiMerge.Merge([Read("{ 'command': 'stays' } { 'command': 'gone' }") with { Version = "7.2" }, newest]);

        merged.Definitions.Select(definition => (definition.Name, definition.RemovedIn)).Should()
            .BeEquivalentTo([("stays", null), ("gone", "10.0"), ("comes", (string?)null)]);
    }

    [Theory]
    [InlineData("The size (default: 65536)", "65536")]
    [InlineData("Whether it is flat.  Default is false.", "false")]
    [InlineData("The log size in bytes (default: 1 MB)", null)]
    [InlineData("The network (default: 10.0.2.0/24)", null)]
    [InlineData("The time (default: 32768 on POSIX)", null)]
    [InlineData("Whether it is refreshed (default: true with inotify)", null)]
    public void Default_is_taken_over_only_where_it_is_the_whole_value(string text, string? expected)
    {
        var schema = Read($$"""
            ##
            # @S:
            #
            # A struct.
            #
            # @m: {{text}}
            #
            # Since: 2.4
            ##
            { 'struct': 'S', 'data': { '*m': 'str' } }
            """);

        schema.Definitions[0].Members[0].Default.Should().Be(expected);
    }

    internal static QapiSchema Read(string text) =>
        QapiSchemaReader.ReadAdditions("10.0", "{ 'module': 'm' }\n" + text, "x.json") with { IsAddition = false };
}

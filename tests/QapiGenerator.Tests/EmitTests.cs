using QapiGenerator.Emit;

namespace QapiGenerator.Tests;

public sealed class EmitTests
{
    private const string Schema =
        """
        ##
        # @do-it:
        #
        # @id: what (since 2.7)
        #
        # Since: 2.4
        ##
        { 'command': 'do-it', 'data': { 'id': 'str', '*mode': 'Mode', '*x-tune': { 'type': 'size', 'features': [ 'unstable' ] } },
          'returns': [ 'Thing' ] }
        { 'command': 'old-one', 'features': [ 'deprecated' ] }
        { 'command': 'place', 'data': 'Place', 'boxed': true }
        { 'event': 'IT_HAPPENED', 'data': { 'id': 'str' } }
        { 'enum': 'Mode', 'data': [ 'full', { 'name': 'none', 'if': 'CONFIG_X' }, '2x' ] }
        { 'struct': 'Thing', 'data': { 'size': 'uint64', '*inner': 'Thing', 'names': [ 'str' ], 'where': 'PlaceOrStr' } }
        { 'enum': 'PlaceType', 'data': [ 'file', 'null-co' ] }
        { 'union': 'Place', 'base': { 'type': 'PlaceType', '*node-name': 'str', '*late': 'bool' }, 'discriminator': 'type',
          'data': { 'file': 'PlaceFile' } }
        { 'struct': 'PlaceFile', 'data': { 'path': 'str' } }
        { 'alternate': 'PlaceOrStr', 'data': { 'definition': 'Place', 'reference': 'str', 'nothing': 'null' } }
        { 'struct': 'Unused', 'data': { 'a': 'int' } }
        """;

    [Theory]
    [InlineData("null-co", "NullCo")]
    [InlineData("io_uring", "IOUring")]
    [InlineData("BLOCK_JOB_COMPLETED", "BlockJobCompleted")]
    [InlineData("l2-cache-size", "L2CacheSize")]
    [InlineData("2.88", "Value288")]
    [InlineData("x-debug-query-block-graph", "XDebugQueryBlockGraph")]
    public void Names_become_Pascal_case(string name, string expected) =>
        CSharpName.Pascal(name, new Dictionary<string, string> { ["io"] = "IO" }).Should().Be(expected);

    [Theory]
    [InlineData("Id", "id")]
    [InlineData("IOThread", "ioThread")]
    [InlineData("Default", "@default")]
    public void Parameters_have_camel_case_and_avoid_keywords(string name, string expected) => CSharpName.Camel(name).Should().Be(expected);

    [Fact]
    public void A_command_is_a_description_and_calls_by_record_and_by_position()
    {
        var code = Code();

        code.Should().Contain("public static partial class MCommands");
        code.Should().Contain("public static QmpCommand<DoItArguments, IReadOnlyList<Thing>> DoIt =>");
        code.Should().Contain("DoItAsync(this IQmpClient client, DoItArguments arguments, CancellationToken cancellationToken = default)");
        code.Should().Contain("DoItAsync(this IQmpClient client, string id, Mode? mode = null, CancellationToken cancellationToken = default)");
        code.Should().Contain("QAPI command <c>do-it</c>, module m, since 2.4.");
        code.Should().Contain("public static QmpCommand<Place, QmpVoid> Place =>");
    }

    [Fact]
    public void Optional_members_are_nullable_and_required_ones_are_required()
    {
        var code = Code();

        code.Should().Contain("public required string Id { get; init; }");
        code.Should().Contain("public Thing? Inner { get; init; }");
        code.Should().Contain("public required ulong Size { get; init; }");
        code.Should().Contain("public required IReadOnlyList<string> Names { get; init; }");
        code.Should().Contain("""QapiReader.Require(seen, 7UL, "Thing", "size,names,where");""");
    }

    [Fact]
    public void What_is_deprecated_or_unstable_says_so()
    {
        var code = Code();

        code.Should().Contain("    [Obsolete(\"QEMU declares it deprecated.\")]\n    public static QmpCommand<QmpVoid> OldOne =>");
        code.Should().Contain("    [Experimental(\"QAPI0001\")]\n    public long? XTune { get; init; }");
    }

    [Fact]
    public void A_union_is_an_abstract_record_with_a_record_for_each_branch()
    {
        var code = Code();

        code.Should().Contain("public abstract partial record Place : IQapiObject<Place>, IQapiType");
        code.Should().Contain("public sealed partial record PlaceFile : Place, IQapiObject<PlaceFile>");
        code.Should().Contain("public override PlaceType Type => PlaceType.NullCo;");
        code.Should().Contain("public sealed partial record PlaceJson : Place");
    }

    [Fact]
    public void An_alternate_holds_one_of_several_types_and_null()
    {
        var code = Code();

        code.Should().Contain("public sealed partial record PlaceOrStr");
        code.Should().Contain("public static implicit operator PlaceOrStr(string value) => Of(value);");
        code.Should().Contain("public bool IsNull => Definition is null && Reference is null;");
    }

    [Fact]
    public void An_enumeration_has_its_known_values_with_their_conditions()
    {
        var code = Code();

        code.Should().Contain("public static Mode Full => new(\"full\");");
        code.Should().Contain("public static Mode Value2x => new(\"2x\");");
        code.Should().Contain("<c>none</c>, if CONFIG_X.");
    }

    [Fact]
    public void An_event_is_a_record_that_knows_its_name() =>
        Code().Should().Contain("public sealed partial record ItHappenedEvent").And.Contain("public static string EventName => \"IT_HAPPENED\";");

    [Fact]
    public void A_type_that_nothing_uses_is_left_out() => Code().Should().NotContain("Unused");

    [Fact]
    public void Facts_of_members_can_be_read_at_run_time() =>
        Code().Should().Contain("""QapiFacts.Parse("Mode|m\nfull\nnone||||CONFIG_X\n2x")""");

    [Fact]
    public void The_same_input_gives_the_same_files_with_LF_at_the_end_of_each_line()
    {
        var first = ModuleEmitter.Emit(NewApi());
        var second = ModuleEmitter.Emit(NewApi());

        second.Should().Equal(first);
        first["M.cs"].Should().NotContain("\r").And.EndWith("}\n").And.StartWith("// <auto-generated/>\n");
    }

    [Fact]
    public void Definitions_are_sorted_by_name()
    {
        var reversed = SchemaTests.Read(Schema);
        reversed = reversed with { Definitions = [.. reversed.Definitions.Reverse()] };

        ModuleEmitter.Emit(new Api(reversed, new Overrides(), ApiTarget.Client))["M.cs"].Should().Be(Code(new Overrides()));
    }

    [Fact]
    public void An_override_gives_names_summaries_and_types()
    {
        var overrides = new Overrides
        {
            Types = { ["Thing"] = new() { Summary = "A thing", Members = { ["size"] = new() { Name = "Bytes", Type = "long" } } } },
        };
        var code = Code(overrides);

        code.Should().Contain("/// <summary>A thing. QAPI <c>Thing</c>, module m.</summary>").And.Contain("public required long Bytes { get; init; }");
    }

    private static string Code(Overrides? overrides = null) => ModuleEmitter.Emit(NewApi(overrides))["M.cs"];

    private static Api NewApi(Overrides? overrides = null) => new(SchemaTests.Read(Schema), overrides ?? new(), ApiTarget.Client);
}

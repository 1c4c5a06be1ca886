using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>Alternates: one record that holds a value of one of several JSON types.</summary>
internal static class AlternateEmitter
{
    public static void Emit(CodeWriter code, Api api, QapiDefinition type)
    {
        var name = api.CSharp(type.Name);
        var written = Api.OverrideOf(api.Overrides.Types, type.Name);
        var choices = api.Properties(type.Branches.Where(static branch => branch.Type.Name != "null"), name, written, isSent: false);
        var takesNull = type.Branches.Any(static branch => branch.Type.Name == "null");
        code.Line();
        code.Summary(Texts.Summary(written.Summary, Texts.Facts(type, "", type.Module)));
        var names = string.Join(", ", choices.Select(static choice => $"<see cref=\"{choice.Name}\"/>"));
        code.Line($"/// <remarks>One of: {names}{(takesNull ? ", null" : "")}.</remarks>");
        code.Line($"[JsonConverter(typeof({(takesNull ? "QapiNullableConverter" : "QapiConverter")}<{name}>))]");
        foreach (var attribute in Texts.Attributes(type))
            code.Line(attribute);
        code.Block($"public sealed partial record {name} : IQapiObject<{name}>, IQapiType", () =>
        {
            code.Block($"private {name}()", static () => { });
            code.Line();
            if (takesNull)
            {
                code.Summary("JSON <c>null</c>, which differs from a missing member.");
                code.Line($"public static {name} Null {{ get; }} = new();");
                code.Line();
                code.Summary("Whether it is JSON <c>null</c>.");
                code.Line($"public bool IsNull => {string.Join(" && ", choices.Select(static choice => $"{choice.Name} is null"))};");
                code.Line();
            }

            foreach (var choice in choices)
            {
                code.Summary(Texts.Summary(choice.Summary, Texts.Facts(choice.Member, "") + "; null for another"));
                code.Line($"public {choice.Type.CSharp}? {choice.Name} {{ get; private init; }}");
                code.Line();
            }

            Conversions(code, name, choices);
            RecordEmitter.Common(code, name, $"static QapiFacts Qapi => QapiFacts.Parse({FactsText.Of(type, type.Branches)});");
            code.Summary("Its JSON, without secrets.");
            code.Line("/// <returns>Its JSON, without secrets.</returns>");
            code.Line("public override string ToString() => QapiJson.Text(this);");
            code.Line();
            ReadWrite(code, api, name, choices, takesNull);
        });
    }

    private static void Conversions(CodeWriter code, string name, IReadOnlyList<ApiProperty> choices)
    {
        foreach (var group in choices.GroupBy(static choice => choice.Type.CSharp))
        {
            var choice = group.First();
            code.Summary($"Makes a <see cref=\"{choice.Name}\"/>.");
            code.Line("/// <param name=\"value\">The value.</param>");
            code.Line("/// <returns>The alternate.</returns>");
            var check = choice.Type.IsValue ? "value" : "value ?? throw new ArgumentNullException(nameof(value))";
            code.Line($"public static {name} Of({choice.Type.CSharp} value) => new() {{ {choice.Name} = {check} }};");
            code.Line();
            if (choice.Type.CSharp.StartsWith("IReadOnlyList", StringComparison.Ordinal))
                continue;
            code.Summary($"Makes a <see cref=\"{choice.Name}\"/>.");
            code.Line("/// <param name=\"value\">The value.</param>");
            code.Line($"public static implicit operator {name}({choice.Type.CSharp} value) => Of(value);");
            code.Line();
        }
    }

    private static void ReadWrite(CodeWriter code, Api api, string name, IReadOnlyList<ApiProperty> choices, bool takesNull)
    {
        code.Line($"internal static {name} ReadFrom(ref Utf8JsonReader reader) => reader.TokenType switch");
        code.Line("{");
        foreach (var choice in choices)
            code.Continue($"{Tokens(api, choice)} => new() {{ {choice.Name} = {choice.Type.ReadCall} }},");
        if (takesNull)
            code.Continue("JsonTokenType.Null => Null,");
        code.Continue($"_ => throw QapiReader.Unexpected(\"{name}\"),");
        code.Line("};");
        code.Line();
        code.Line($"static {name} IQapiObject<{name}>.ReadFrom(ref Utf8JsonReader reader) => ReadFrom(ref reader);");
        code.Line();
        code.Block("void IQapiValue.WriteTo(Utf8JsonWriter writer)", () =>
        {
            var word = "if";
            foreach (var choice in choices)
            {
                var value = CSharpName.Camel(choice.Name);
                code.Line($"{word} ({choice.Name} is {{ }} {value})");
                code.Continue(choice.Type.Write(value) + ";");
                word = "else if";
            }

            code.Line("else");
            code.Continue("writer.WriteNullValue();");
        });
    }

    private static string Tokens(Api api, ApiProperty choice)
    {
        if (choice.Member.Type.IsList)
            return "JsonTokenType.StartArray";
        return choice.Member.Type.Name switch
        {
            "str" => "JsonTokenType.String",
            "bool" => "JsonTokenType.True or JsonTokenType.False",
            var name when api.Find(name) is { Kind: QapiKind.Enum } => "JsonTokenType.String",
            var name when api.Find(name) is not null => "JsonTokenType.StartObject",
            _ => "JsonTokenType.Number",
        };
    }
}

using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>Records: structs, arguments of commands and data of events.</summary>
internal static class RecordEmitter
{
    /// <summary>Emits the record of a struct.</summary>
    public static void Emit(CodeWriter code, Api api, QapiDefinition type)
    {
        var written = Api.OverrideOf(api.Overrides.Types, type.Name);
        var name = api.CSharp(type.Name);
        Head(code, type, Texts.Summary(written.Summary, Texts.Facts(type, "", type.Module)), name);
        var properties = api.Properties(type.Members, name, written, api.IsSent(type.Name));
        code.Block($"public sealed partial record {name} : IQapiObject<{name}>, IQapiType", () =>
            Body(code, name, type, properties, isOpen: false, written.HasOwnText));
    }

    /// <summary>Emits the record of arguments that the schema lists in place.</summary>
    public static void EmitArguments(CodeWriter code, Api api, QapiDefinition command)
    {
        var written = Api.OverrideOf(api.Overrides.Commands, command.Name);
        var name = api.Arguments(command)!;
        code.Line();
        code.Summary($"The arguments of {Texts.Facts(command, "command ", command.Module)}.");
        code.Line($"[JsonConverter(typeof(QapiConverter<{name}>))]");
        foreach (var attribute in Texts.Attributes(command))
            code.Line(attribute);
        var properties = api.Properties(command.Members, name, written, isSent: false);
        code.Block($"public sealed partial record {name} : IQapiObject<{name}>, IQapiType", () =>
            Body(code, name, command, properties, isOpen: !command.IsComplete));
    }

    /// <summary>Emits the record of the data of an event.</summary>
    public static void EmitEvent(CodeWriter code, Api api, QapiDefinition item)
    {
        var written = Api.OverrideOf(api.Overrides.Events, item.Name);
        var name = api.Event(item);
        var members = item.Data is null ? item.Members : api.Type(item.Data).Members;
        Head(code, item, Texts.Summary(written.Summary, Texts.Facts(item, "event ", item.Module)), name);
        var properties = api.Properties(members, name, written, isSent: true);
        code.Block($"public sealed partial record {name} : IQapiObject<{name}>, IQapiEvent<{name}>, IQapiType", () =>
        {
            code.Line("/// <inheritdoc/>");
            code.Line($"public static string EventName => \"{item.Name}\";");
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line($"public static JsonTypeInfo<{name}> JsonTypeInfo => QapiJson.Object<{name}>();");
            code.Line();
            Body(code, name, item with { Members = members }, properties, isOpen: false);
        });
    }

    public static void Properties(CodeWriter code, IEnumerable<ApiProperty> properties)
    {
        foreach (var property in properties)
        {
            code.Summary(Texts.Summary(property.Summary, Texts.Facts(property.Member, "", written: property.Summary)));
            foreach (var attribute in Texts.Attributes(property.Member))
                code.Line(attribute);
            code.Line($"public {(property.IsRequired ? "required " : "")}{property.CSharpType} {property.Name} {{ get; init; }}");
            code.Line();
        }
    }

    /// <summary>What all records have: their text, and equality by their JSON.</summary>
    public static void Common(CodeWriter code, string name, string facts)
    {
        code.Line("/// <inheritdoc/>");
        code.Line($"public {facts}");
        code.Line();
        Equality(code, name);
    }

    public static void Equality(CodeWriter code, string name)
    {
        code.Summary("Whether the JSON of both is the same.");
        code.Line("/// <param name=\"other\">The other one.</param>");
        code.Line("/// <returns>True when it is.</returns>");
        code.Line($"public bool Equals({name}? other) => QapiJson.AreEqual(this, other);");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public override int GetHashCode() => QapiJson.Hash(this);");
        code.Line();
    }

    /// <summary>The loop that reads members, and the check that the required ones were there.</summary>
    public static void ReadMembers(CodeWriter code, string type, IReadOnlyList<ApiProperty> properties, string? before,
        string? otherwise = null, IReadOnlyList<string>? requiredBefore = null)
    {
        List<string> required = [.. requiredBefore ?? []];
        code.Line("QapiReader.Start(ref reader);");
        var needsSeen = properties.Any(static property => property.IsRequired) || before is not null || required.Count > 0;
        if (needsSeen)
            code.Line("var seen = 0UL;");
        code.Block("while (QapiReader.Next(ref reader))", () =>
        {
            var word = "if";
            if (before is not null)
            {
                code.Line($"if ({before})");
                code.Continue("continue;");
            }

            foreach (var property in properties)
            {
                code.Block($"{word} (QapiReader.Is(ref reader, \"{property.Member.Name}\"u8))", () => Assign(code, property, required));
                word = "else if";
            }

            if (word == "if")
            {
                code.Line(otherwise ?? "QapiReader.Skip(ref reader);");
                return;
            }

            code.Line("else");
            code.Continue(otherwise ?? "QapiReader.Skip(ref reader);");
        });
        if (required.Count > 0)
        {
            code.Line();
            code.Line($"QapiReader.Require(seen, {(1UL << required.Count) - 1}UL, \"{type}\", \"{string.Join(',', required)}\");");
        }
    }

    private static void Assign(CodeWriter code, ApiProperty property, List<string> required)
    {
        if (property.IsRequired)
        {
            code.Line($"seen |= {1UL << required.Count}UL;");
            required.Add(property.Member.Name);
            code.Line($"{property.Name} = {property.Type.ReadCall};");
        }
        else
        {
            AssignOptional(code, property, property.Name);
        }
    }

    /// <summary>A null stands for an absent member, except where it is a value.</summary>
    public static void AssignOptional(CodeWriter code, ApiProperty property, string target)
    {
        var assignment = $"{target} = {property.Type.ReadCall};";
        if (property.Type.TakesNull)
        {
            code.Line(assignment);
            return;
        }

        code.Line("if (!QapiReader.IsNull(ref reader))");
        code.Continue(assignment);
    }

    public static void WriteMembers(CodeWriter code, IEnumerable<ApiProperty> properties)
    {
        foreach (var property in properties)
            code.Line(property.Type.Member(property.Member.Name, property.Name));
    }

    private static void Head(CodeWriter code, QapiDefinition type, string summary, string name)
    {
        code.Line();
        code.Summary(summary);
        code.Line($"[JsonConverter(typeof(QapiConverter<{name}>))]");
        foreach (var attribute in Texts.Attributes(type))
            code.Line(attribute);
    }

    private static void Body(CodeWriter code, string name, QapiDefinition type, IReadOnlyList<ApiProperty> properties, bool isOpen,
        bool hasOwnText = false)
    {
        code.Summary("Creates an empty one.");
        code.Block($"public {name}()", static () => { });
        code.Line();
        code.Line("[SetsRequiredMembers]");
        code.Block($"private {name}(ref Utf8JsonReader reader)", () =>
        {
            if (isOpen)
                code.Line("var more = new Dictionary<string, JsonElement>(StringComparer.Ordinal);");
            ReadMembers(code, name, properties, before: null, isOpen ? "QapiReader.Keep(ref reader, more);" : null);
            if (isOpen)
                code.Line("More = more;");
        });
        code.Line();
        Properties(code, properties);
        if (isOpen)
        {
            code.Summary("Further arguments, by their names: the schema does not list them.");
            code.Line("public IReadOnlyDictionary<string, JsonElement>? More { get; init; }");
            code.Line();
        }

        Common(code, name, $"static QapiFacts Qapi => QapiFacts.Parse({FactsText.Of(type, type.Members)});");
        if (!hasOwnText)
        {
            code.Summary("Its JSON, without secrets.");
            code.Line("/// <returns>Its JSON, without secrets.</returns>");
            code.Line("public override string ToString() => QapiJson.Text(this);");
            code.Line();
        }

        code.Line($"internal static {name} ReadFrom(ref Utf8JsonReader reader) => new(ref reader);");
        code.Line();
        code.Line($"static {name} IQapiObject<{name}>.ReadFrom(ref Utf8JsonReader reader) => new(ref reader);");
        code.Line();
        code.Block("void IQapiValue.WriteTo(Utf8JsonWriter writer)", () =>
        {
            code.Line("writer.WriteStartObject();");
            WriteMembers(code, properties);
            if (isOpen)
                code.Line("QapiWriter.More(writer, More);");
            code.Line("writer.WriteEndObject();");
        });
    }
}

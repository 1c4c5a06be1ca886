using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>
/// Unions: an abstract record with the members that all branches have, a record for each branch, and one for branches that this
/// version of the schema does not know.
/// </summary>
internal static class UnionEmitter
{
    /// <summary>The members that come right after the discriminator, before those of the branch, as people write them.</summary>
    private static readonly string[] First = ["id", "node-name"];

    public static void Emit(CodeWriter code, Api api, QapiDefinition union)
    {
        var written = Api.OverrideOf(api.Overrides.Types, union.Name);
        var name = api.CSharp(union.Name);
        var tag = union.Members.Single(member => member.Name == union.Discriminator);
        var tagType = api.CSharp(tag.Type.Name);
        var tagOverride = Api.OverrideOf(written.Members, tag.Name);
        var tagName = tagOverride.Name ?? api.Pascal(tag.Name);
        var common = api.Properties(
            union.Members.Where(member => member != tag), name, written, api.IsSent(union.Name), [tagName]);
        var branches = Branches(api, union, api.Type(tag.Type.Name));

        code.Line();
        code.Summary(Texts.Summary(written.Summary, Texts.Facts(union, "", union.Module)));
        code.Line("/// <remarks>");
        var records = string.Join(", ", branches.Select(static branch => $"<see cref=\"{branch.Name}\"/>"));
        code.Line($"/// One record for each value of <c>{tag.Name}</c>: {records}.");
        code.Line($"/// <see cref=\"{name}Json\"/> stands for all others.");
        code.Line("/// </remarks>");
        code.Line($"[JsonConverter(typeof(QapiConverter<{name}>))]");
        foreach (var attribute in Texts.Attributes(union))
            code.Line(attribute);
        code.Block($"public abstract partial record {name} : IQapiObject<{name}>, IQapiType", () =>
        {
            Fields(code, common);
            code.Block($"private protected {name}()", static () => { });
            code.Line();
            code.Summary(Texts.Summary(tagOverride.Summary, Texts.Facts(tag, "")));
            code.Line($"public abstract {tagType} {tagName} {{ get; }}");
            code.Line();
            CommonProperties(code, common);
            Factories(code, api, name, branches, [tagName, .. common.Select(static property => property.Name)]);
            code.Line("/// <inheritdoc/>");
            code.Line($"public static QapiFacts Qapi => QapiFacts.Parse({FactsText.Of(union, [.. union.Members, .. union.Branches])});");
            code.Line();
            code.Summary("Whether the JSON of both is the same.");
            code.Line("/// <param name=\"other\">The other one.</param>");
            code.Line("/// <returns>True when it is.</returns>");
            code.Line($"public virtual bool Equals({name}? other) => QapiJson.AreEqual(this, other);");
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line("public override int GetHashCode() => QapiJson.Hash(this);");
            code.Line();
            code.Summary("Its JSON, without secrets.");
            code.Line("/// <returns>Its JSON, without secrets.</returns>");
            code.Line("public sealed override string ToString() => QapiJson.Text(this);");
            code.Line();
            ReadBranch(code, name, tag.Name, branches);
            ReadCommon(code, common);
            WriteCommon(code, common);
        });
        foreach (var branch in branches)
            EmitBranch(code, api, union, branch, (name, tagType, tagName), common);
        EmitUnknown(code, union, name, (tag.Name, tagType, tagName), common);
    }

    private static List<UnionBranch> Branches(Api api, QapiDefinition union, QapiDefinition tag)
    {
        var written = Api.OverrideOf(api.Overrides.Types, union.Name);
        var tagOverride = Api.OverrideOf(api.Overrides.Types, tag.Name);
        var found = new List<UnionBranch>();
        // Where most values have no members of their own, a record for each would be noise: the record with the JSON stands for them.
        var hasMost = union.Branches.Count * 2 >= tag.Members.Count;
        foreach (var value in tag.Members)
        {
            var branch = union.Branches.FirstOrDefault(other => other.Name == value.Name);
            if (branch is null && !hasMost)
                continue;
            var own = branch is null ? null : api.Find(branch.Type.Name);
            var nested = own is { Kind: QapiKind.Union } ? api.CSharp(own.Name) : null;
            var item = value with
            {
                Condition = branch?.Condition ?? value.Condition,
                Features = [.. value.Features.Union(branch?.Features ?? [])],
                RemovedIn = branch?.RemovedIn ?? value.RemovedIn,
            };
            var members = nested is null ? own?.Members ?? [] : [];
            var record = api.Branch(union, value.Name);
            var summary = Api.OverrideOf(written.Members, value.Name).Summary
                ?? (own is null ? null : Api.OverrideOf(api.Overrides.Types, own.Name).Summary)
                ?? Api.OverrideOf(tagOverride.Members, value.Name).Summary;
            var overrides = own is null ? Override.None : Api.OverrideOf(api.Overrides.Types, own.Name);
            var properties = api.Properties(members, record, overrides, api.IsSent(union.Name));
            found.Add(new UnionBranch(record, item, properties, summary) { Nested = nested });
        }

        return found;
    }

    private static void Fields(CodeWriter code, IReadOnlyList<ApiProperty> common)
    {
        foreach (var property in common)
        {
            var start = property.IsRequired && !property.Type.IsValue ? " = null!" : "";
            code.Line($"private {property.CSharpType} {Field(property)}{start};");
        }

        if (common.Count > 0)
            code.Line();
    }

    private static void CommonProperties(CodeWriter code, IReadOnlyList<ApiProperty> common)
    {
        foreach (var property in common)
        {
            code.Summary(Texts.Summary(property.Summary, Texts.Facts(property.Member, "", written: property.Summary)));
            foreach (var attribute in Texts.Attributes(property.Member))
                code.Line(attribute);
            code.Block($"public {(property.IsRequired ? "required " : "")}{property.CSharpType} {property.Name}", () =>
            {
                code.Line($"get => {Field(property)};");
                code.Line($"init => {Field(property)} = value;");
            });
            code.Line();
        }
    }

    /// <summary>A method for each branch that only wraps one record.</summary>
    private static void Factories(CodeWriter code, Api api, string name, List<UnionBranch> branches, HashSet<string> taken)
    {
        foreach (var branch in branches)
        {
            if (branch.Properties is not [{ Member.Name: "data", IsRequired: true } data])
                continue;
            var method = api.Pascal(branch.Item.Name);
            if (!taken.Add(method))
                continue;
            var isEmpty = api.Find(data.Member.Type.Name) is { Kind: QapiKind.Struct, Members.Count: 0 };
            code.Summary(Texts.Summary(branch.Summary, Texts.Facts(branch.Item, "")));
            if (!isEmpty)
                code.Line("/// <param name=\"data\">The data of the branch.</param>");
            code.Line("/// <returns>The branch.</returns>");
            foreach (var attribute in Texts.Attributes(branch.Item))
                code.Line(attribute);
            code.Line(isEmpty
                ? $"public static {name} {method}() => new {branch.Name} {{ Data = new() }};"
                : $"public static {name} {method}({data.Type.CSharp} data) => new {branch.Name} {{ Data = data }};");
            code.Line();
        }
    }

    private static void ReadBranch(CodeWriter code, string name, string tag, List<UnionBranch> branches)
    {
        code.Line($"internal static {name} ReadFrom(ref Utf8JsonReader reader) =>");
        code.Continue($"QapiReader.Tag(ref reader, \"{tag}\"u8, \"{name}\") switch");
        code.Line("{");
        foreach (var branch in branches)
            code.Continue($"\"{branch.Item.Name}\" => {branch.Name}.ReadFrom(ref reader),");
        code.Continue($"_ => {name}Json.ReadFrom(ref reader),");
        code.Line("};");
        code.Line();
        code.Line($"static {name} IQapiObject<{name}>.ReadFrom(ref Utf8JsonReader reader) => ReadFrom(ref reader);");
        code.Line();
        code.Line("void IQapiValue.WriteTo(Utf8JsonWriter writer) => WriteTo(writer);");
        code.Line();
        code.Line("internal abstract void WriteTo(Utf8JsonWriter writer);");
        code.Line();
    }

    private static void ReadCommon(CodeWriter code, IReadOnlyList<ApiProperty> common)
    {
        if (common.Count == 0)
            return;
        code.Block("private protected bool ReadCommon(ref Utf8JsonReader reader, ref ulong seen)", () =>
        {
            var bit = 0;
            var word = "if";
            foreach (var property in common)
            {
                code.Block($"{word} (QapiReader.Is(ref reader, \"{property.Member.Name}\"u8))", () =>
                {
                    if (property.IsRequired)
                    {
                        code.Line($"seen |= {1UL << bit++}UL;");
                        code.Line($"{Field(property)} = {property.Type.ReadCall};");
                    }
                    else
                    {
                        RecordEmitter.AssignOptional(code, property, Field(property));
                    }
                });
                word = "else if";
            }

            code.Block("else", () => code.Line("return false;"));
            code.Line();
            code.Line("return true;");
        });
        code.Line();
    }

    private static void WriteCommon(CodeWriter code, IReadOnlyList<ApiProperty> common)
    {
        code.Block("private protected void WriteFirst(Utf8JsonWriter writer)", () =>
            RecordEmitter.WriteMembers(code, common.Where(static property => First.Contains(property.Member.Name))));
        code.Line();
        code.Block("private protected void WriteLast(Utf8JsonWriter writer)", () =>
            RecordEmitter.WriteMembers(code, common.Where(static property => !First.Contains(property.Member.Name))));
    }

    private static void EmitBranch(
        CodeWriter code, Api api, QapiDefinition union, UnionBranch branch, (string Name, string TagType, string TagName) parent,
        IReadOnlyList<ApiProperty> common)
    {
        var tagProperty = TagProperty(api, union, branch.Item.Name);
        code.Line();
        var facts = Texts.Facts(branch.Item, "")["QAPI ".Length..];
        code.Summary(Texts.Summary(branch.Summary, $"QAPI <c>{union.Name}</c> with <c>{union.Discriminator}</c> {facts}"));
        code.Line($"[JsonConverter(typeof(QapiConverter<{branch.Name}>))]");
        foreach (var attribute in Texts.Attributes(branch.Item))
            code.Line(attribute);
        code.Block($"public sealed partial record {branch.Name} : {parent.Name}, IQapiObject<{branch.Name}>", () =>
        {
            code.Summary("Creates an empty one.");
            code.Block($"public {branch.Name}()", static () => { });
            code.Line();
            code.Line("[SetsRequiredMembers]");
            code.Block($"private {branch.Name}(ref Utf8JsonReader reader)", () =>
            {
                if (branch.Nested is { } read)
                {
                    code.Line("var again = reader;");
                    code.Line($"{read} = {read}.ReadFrom(ref again);");
                }

                RecordEmitter.ReadMembers(
                    code, branch.Name, branch.Properties, common.Count > 0 ? "ReadCommon(ref reader, ref seen)" : null,
                    requiredBefore: Required(common));
            });
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line($"public override {parent.TagType} {parent.TagName} => {parent.TagType}.{tagProperty};");
            code.Line();
            RecordEmitter.Properties(code, branch.Properties);
            if (branch.Nested is { } nested)
            {
                code.Summary($"The members of the branch: a <see cref=\"QmpBackup.Qmp.Qapi.{nested}\"/>.");
                code.Line($"public required {nested} {nested} {{ get; init; }}");
                code.Line();
            }

            RecordEmitter.Equality(code, branch.Name);
            code.Line($"internal static new {branch.Name} ReadFrom(ref Utf8JsonReader reader) => new(ref reader);");
            code.Line();
            code.Line($"static {branch.Name} IQapiObject<{branch.Name}>.ReadFrom(ref Utf8JsonReader reader) => new(ref reader);");
            code.Line();
            code.Block("internal override void WriteTo(Utf8JsonWriter writer)", () =>
            {
                code.Line("writer.WriteStartObject();");
                code.Line($"writer.WriteString(\"{union.Discriminator}\"u8, \"{branch.Item.Name}\"u8);");
                code.Line("WriteFirst(writer);");
                RecordEmitter.WriteMembers(code, branch.Properties);
                if (branch.Nested is { } written)
                    code.Line($"QapiWriter.Inline(writer, {written});");
                code.Line("WriteLast(writer);");
                code.Line("writer.WriteEndObject();");
            });
        });
    }

    private static void EmitUnknown(
        CodeWriter code, QapiDefinition union, string name, (string Name, string Type, string Property) tag,
        IReadOnlyList<ApiProperty> common)
    {
        var required = Required(common);
        code.Line();
        code.Summary($"A <see cref=\"{name}\"/> as JSON, for what this library has no type for. QAPI <c>{union.Name}</c>.");
        code.Line("/// <remarks><see cref=\"Json\"/> is sent unchanged; the other properties only show its content.</remarks>");
        code.Line($"[JsonConverter(typeof(QapiConverter<{name}Json>))]");
        foreach (var attribute in Texts.Attributes(union))
            code.Line(attribute);
        code.Block($"public sealed partial record {name}Json : {name}, IQapiObject<{name}Json>", () =>
        {
            code.Line($"private readonly {tag.Type} _tag;");
            code.Line();
            code.Line("[SetsRequiredMembers]");
            code.Block($"private {name}Json(JsonElement json)", () =>
            {
                code.Line("Json = json;");
                code.Line($"_tag = new(QapiReader.Tag(json, \"{tag.Name}\", \"{name}\"));");
                if (common.Count == 0)
                    return;
                code.Line("var reader = QapiReader.Of(json);");
                code.Line("QapiReader.Start(ref reader);");
                code.Line("var seen = 0UL;");
                code.Block("while (QapiReader.Next(ref reader))", () =>
                {
                    code.Line("if (!ReadCommon(ref reader, ref seen))");
                    code.Continue("QapiReader.Skip(ref reader);");
                });
                if (required.Count == 0)
                    return;
                code.Line();
                code.Line(
                    $"QapiReader.Require(seen, {(1UL << required.Count) - 1}UL, \"{name}Json\", \"{string.Join(',', required)}\");");
            });
            code.Line();
            code.Line("/// <inheritdoc/>");
            code.Line($"public override {tag.Type} {tag.Property} => _tag;");
            code.Line();
            code.Summary("The JSON object that is sent.");
            code.Line("public JsonElement Json { get; }");
            code.Line();
            code.Summary("Takes a JSON object as it is.");
            code.Line($"/// <param name=\"element\">The JSON object, with its <c>{tag.Name}</c>.</param>");
            code.Line("/// <returns>The record that sends it.</returns>");
            code.Line("/// <exception cref=\"ArgumentException\">It is not a JSON object, or it lacks a required member.</exception>");
            code.Block($"public static {name}Json FromElement(JsonElement element)", () =>
            {
                code.Block("try", () => code.Line("return new(element.Clone());"));
                code.Block("catch (JsonException exception)", () =>
                    code.Line("throw new ArgumentException(exception.Message, nameof(element), exception);"));
            });
            code.Line();
            RecordEmitter.Equality(code, name + "Json");
            code.Line($"internal static new {name}Json ReadFrom(ref Utf8JsonReader reader) => new(QapiReader.Any(ref reader));");
            code.Line();
            code.Line($"static {name}Json IQapiObject<{name}Json>.ReadFrom(ref Utf8JsonReader reader) => ReadFrom(ref reader);");
            code.Line();
            code.Line("internal override void WriteTo(Utf8JsonWriter writer) => Json.WriteTo(writer);");
        });
    }

    /// <summary>The property of the enumeration that stands for a value: the same rule as for the enumeration itself.</summary>
    private static string TagProperty(Api api, QapiDefinition union, string value)
    {
        var tag = api.Type(union.Members.Single(member => member.Name == union.Discriminator).Type.Name);
        return EnumEmitter.Names(api, tag)[value];
    }

    private static List<string> Required(IEnumerable<ApiProperty> properties) =>
        [.. properties.Where(static property => property.IsRequired).Select(static property => property.Member.Name)];

    private static string Field(ApiProperty property) => "_" + char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
}

/// <summary>One branch of a union: its record, its value of the discriminator, and its members.</summary>
internal sealed record UnionBranch(
    string Name, QapiMember Item, IReadOnlyList<ApiProperty> Properties, string? Summary)
{
    /// <summary>The union whose members stand next to those of this one, if the branch is one.</summary>
    public string? Nested { get; init; }
}

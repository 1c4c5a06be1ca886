using System.Text.Json.Nodes;

namespace QapiGenerator.Schema;

/// <summary>Reads a schema from its files.</summary>
internal static class QapiSchemaReader
{
    /// <summary>The additions mark with this feature what a version no longer has.</summary>
    private const string Removed = "removed:";

    /// <summary>Reads a schema file and all that it includes.</summary>
    public static QapiSchema Read(string version, string path)
    {
        var modules = new List<string>();
        var definitions = new List<QapiDefinition>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        ReadFile(Path.GetFullPath(path));
        return new QapiSchema(version, modules, definitions);

        void ReadFile(string file)
        {
            if (!seen.Add(file))
                return;
            // The agent's schema is one file.
            var module = Path.GetFileName(Path.GetDirectoryName(file)) == "qga" ? "guest-agent" : Path.GetFileNameWithoutExtension(file);
            var own = new List<QapiDefinition>();
            foreach (var expression in QapiParser.Parse(File.ReadAllText(file), file))
            {
                if ((string?)expression.Value["include"] is { } include)
                    ReadFile(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, include)));
                else if (!expression.Value.ContainsKey("pragma"))
                    own.AddRange(Define(expression, module));
            }

            if (own.Count == 0)
                return;
            modules.Add(module);
            definitions.AddRange(own);
        }
    }

    /// <summary>Reads a text that names the module of what follows with <c>{ 'module': 'NAME' }</c>.</summary>
    public static QapiSchema ReadAdditions(string version, string text, string file)
    {
        var modules = new List<string>();
        var definitions = new List<QapiDefinition>();
        foreach (var expression in QapiParser.Parse(text, file))
        {
            if ((string?)expression.Value["module"] is { } module)
                modules.Add(module);
            else
                definitions.AddRange(Define(expression, modules[^1]));
        }

        return new QapiSchema(version, [.. modules.Distinct()], definitions) { IsAddition = true };
    }

    private static IEnumerable<QapiDefinition> Define(QapiExpression expression, string module)
    {
        var (value, doc) = expression;
        foreach (var kind in Enum.GetValues<QapiKind>())
        {
            if ((string?)value[kind.ToString().ToLowerInvariant()] is not { } name)
                continue;
            var definition = new QapiDefinition
            {
                Kind = kind,
                Name = name,
                Module = module,
                Since = doc.Since,
                Condition = Condition(value["if"]),
                Features = Features(value["features"]),
                RemovedIn = RemovedIn(value["features"]),
                Members = Members(value, kind, doc),
                Branches = kind is QapiKind.Union or QapiKind.Alternate ? Branches(value["data"], doc) : [],
                Base = value["base"] is JsonValue type ? (string?)type : null,
                Discriminator = (string?)value["discriminator"],
                Data = value["data"] is JsonValue data ? (string?)data : null,
                Returns = value["returns"] is { } returns ? Type(returns) : null,
                IsComplete = (bool?)value["gen"] ?? true,
                AnswersSuccess = (bool?)value["success-response"] ?? true,
            };
            return kind == QapiKind.Union && definition.Discriminator is null ? SimpleUnion(definition) : [definition];
        }

        throw new FormatException($"Not a definition: {value.ToJsonString()}");
    }

    /// <summary>Until QEMU 6.1 a union without a discriminator had an enumeration and wrappers of its own, which nothing names.</summary>
    private static IEnumerable<QapiDefinition> SimpleUnion(QapiDefinition union)
    {
        var branches = new List<QapiMember>();
        foreach (var branch in union.Branches)
        {
            var wrapper = $"{union.Name}-{branch.Name}-wrapper";
            yield return new QapiDefinition
            {
                Kind = QapiKind.Struct,
                Name = wrapper,
                Module = union.Module,
                Members = [new QapiMember { Name = "data", Type = branch.Type }],
            };
            branches.Add(branch with { Type = new TypeName(wrapper, false) });
        }

        var kind = new TypeName(union.Name + "Kind", false);
        yield return new QapiDefinition
        {
            Kind = QapiKind.Enum,
            Name = kind.Name,
            Module = union.Module,
            Since = union.Since,
            Members = [.. union.Branches.Select(static branch => branch with { Type = new TypeName("", false) })],
        };
        yield return union with
        {
            Discriminator = "type",
            Members = [new QapiMember { Name = "type", Type = kind }],
            Branches = branches,
        };
    }

    private static List<QapiMember> Members(JsonObject value, QapiKind kind, QapiDoc doc)
    {
        var source = kind == QapiKind.Union ? value["base"] : value["data"];
        if (kind == QapiKind.Alternate)
            return [];
        return kind == QapiKind.Enum ? [.. source!.AsArray().Select(item => Value(item!, doc))] : Branches(source, doc);
    }

    private static QapiMember Value(JsonNode item, QapiDoc doc)
    {
        var name = item is JsonObject ? (string)item["name"]! : (string)item!;
        return new QapiMember
        {
            Name = name,
            Since = doc[name].Since,
            Condition = item is JsonObject ? Condition(item["if"]) : null,
            Features = item is JsonObject ? Features(item["features"]) : [],
            RemovedIn = item is JsonObject ? RemovedIn(item["features"]) : null,
        };
    }

    private static List<QapiMember> Branches(JsonNode? source, QapiDoc doc)
    {
        var found = new List<QapiMember>();
        foreach (var (key, value) in source as JsonObject ?? [])
        {
            var name = key.TrimStart('*');
            var details = value as JsonObject;
            found.Add(new QapiMember
            {
                Name = name,
                Type = Type(details?["type"] ?? value!),
                IsOptional = key != name,
                Since = doc[name].Since,
                Unit = doc[name].Unit,
                Default = doc[name].Default,
                Condition = Condition(details?["if"]),
                Features = Features(details?["features"]),
                RemovedIn = RemovedIn(details?["features"]),
            });
        }

        return found;
    }

    private static TypeName Type(JsonNode node) =>
        node is JsonArray list ? new TypeName((string)list[0]!, true) : new TypeName((string)node!, false);

    private static string[] Features(JsonNode? node) =>
        [.. AllFeatures(node).Where(static feature => !feature.StartsWith(Removed, StringComparison.Ordinal))];

    private static string? RemovedIn(JsonNode? node) =>
        AllFeatures(node).FirstOrDefault(static feature => feature.StartsWith(Removed, StringComparison.Ordinal))?[Removed.Length..];

    private static IEnumerable<string> AllFeatures(JsonNode? node) =>
        (node as JsonArray ?? []).Select(static item => item is JsonObject ? (string)item["name"]! : (string)item!);

    /// <summary>A condition as text: <c>A and (B or not C)</c>. Before QEMU 6.2 it was C preprocessor text.</summary>
    private static string? Condition(JsonNode? node) => node switch
    {
        null => null,
        JsonArray all => string.Join(" and ", all.Select(static item => Condition(item))),
        JsonObject terms when terms["all"] is JsonArray all => Join(all, " and "),
        JsonObject terms when terms["any"] is JsonArray any => Join(any, " or "),
        JsonObject terms when terms["not"] is { } not => "not " + Condition(not),
        _ => ((string)node!).Replace("defined(", "", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal),
    };

    private static string Join(JsonArray terms, string word) =>
        string.Join(word, terms.Select(static item => item is JsonObject ? $"({Condition(item)})" : Condition(item)));
}

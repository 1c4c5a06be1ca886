namespace QapiGenerator.Schema;

/// <summary>
/// Merges the schemas of several versions, oldest first. The newest definition counts. What it no longer has is kept and marked, and
/// what an older version did not have becomes optional where QEMU sends it.
/// </summary>
internal static class QapiMerge
{
    public static QapiSchema Merge(IReadOnlyList<QapiSchema> schemas)
    {
        var merged = new Dictionary<(bool, string), QapiDefinition>();
        var order = new List<(bool, string)>();
        var modules = new List<string>();
        foreach (var schema in schemas)
        {
            var current = schema.Definitions.ToDictionary(Key);
            foreach (var (key, old) in merged.ToArray())
            {
                if (!schema.IsAddition && !current.ContainsKey(key))
                    merged[key] = old with { RemovedIn = old.RemovedIn ?? schema.Version };
            }

            foreach (var (key, definition) in current)
            {
                if (!merged.TryGetValue(key, out var old))
                    order.Add(key);
                merged[key] = old is null ? definition : Merge(old, definition, schema);
            }

            modules.AddRange(schema.Modules.Except(modules));
        }

        return new QapiSchema(schemas[^1].Version, modules, [.. order.Select(key => merged[key])]);
    }

    /// <summary>
    /// Adds to a schema what a later version has. The version stays: what that schema does not have is gone in it, and the additions do not
    /// say what else is gone in theirs.
    /// </summary>
    public static QapiSchema Add(QapiSchema schema, QapiSchema additions) => Merge([schema, additions]) with { Version = schema.Version };

    /// <summary>Types have one name space; commands and events have others, and their names cannot be confused.</summary>
    private static (bool IsType, string Name) Key(QapiDefinition definition) =>
        (definition.Kind is not (QapiKind.Command or QapiKind.Event), definition.Name);

    private static QapiDefinition Merge(QapiDefinition old, QapiDefinition now, QapiSchema schema)
    {
        if (old.Kind != now.Kind && !schema.IsAddition)
            return now with { Since = now.Since ?? old.Since };
        var adds = schema.IsAddition;
        return (adds ? old : now) with
        {
            Since = now.Since ?? old.Since,
            Features = adds ? [.. old.Features.Union(now.Features)] : now.Features,
            RemovedIn = now.RemovedIn,
            Members = Merge(old.Members, now.Members, schema, old.Kind != QapiKind.Enum && !adds),
            Branches = Merge(old.Branches, now.Branches, schema, weaken: false),
            Returns = now.Returns ?? old.Returns,
            Data = now.Data ?? old.Data,
        };
    }

    private static List<QapiMember> Merge(
        IReadOnlyList<QapiMember> old, IReadOnlyList<QapiMember> now, QapiSchema schema, bool weaken)
    {
        var adds = schema.IsAddition;
        var result = new List<QapiMember>();
        foreach (var member in adds ? old : now)
        {
            var before = old.FirstOrDefault(other => other.Name == member.Name);
            var after = now.FirstOrDefault(other => other.Name == member.Name);
            var wasAbsent = weaken && (before is null || before.IsOptional);
            result.Add(member with
            {
                Since = after?.Since ?? before?.Since,
                Features = adds ? [.. (before?.Features ?? []).Union(after?.Features ?? [])] : member.Features,
                Type = adds && after is not null && after.Type.Name.Length > 0 ? after.Type : member.Type,
                RemovedIn = adds ? after?.RemovedIn ?? member.RemovedIn : member.RemovedIn,
                WasOptional = wasAbsent || before is { WasOptional: true } || after is { WasOptional: true },
            });
        }

        foreach (var member in adds ? now : old)
        {
            if (result.Any(other => other.Name == member.Name))
                continue;
            result.Add(adds
                ? member with { Since = member.Since ?? schema.Version, WasOptional = true }
                : member with { RemovedIn = member.RemovedIn ?? schema.Version, IsOptional = true });
        }

        return result;
    }
}

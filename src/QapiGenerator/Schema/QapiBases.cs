namespace QapiGenerator.Schema;

/// <summary>Puts the members of the base of each struct and union in front of its own, so that versions can be compared.</summary>
internal static class QapiBases
{
    public static QapiSchema Flatten(QapiSchema schema)
    {
        var byName = schema.Definitions
            .Where(static definition => definition.Kind is not (QapiKind.Command or QapiKind.Event))
            .ToDictionary(static definition => definition.Name, StringComparer.Ordinal);
        return schema with { Definitions = [.. schema.Definitions.Select(Flatten)] };

        QapiDefinition Flatten(QapiDefinition definition) => definition.Base is { } name && byName.TryGetValue(name, out var parent)
            ? definition with { Members = [.. Flatten(parent).Members, .. definition.Members], Base = null }
            : definition;
    }
}

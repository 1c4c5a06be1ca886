using System.Text.Json.Nodes;

namespace QmpBackup.Qmp.Tests;

/// <summary>Makes JSON values of the types of a schema.</summary>
internal sealed class SchemaSamples(LiveSchema schema)
{
    /// <summary>The text is also valid base64.</summary>
    private const string Text = "dGV4dA==";

    /// <summary>An object of one branch, with its required members or with all. Members are as small as they can be.</summary>
    public JsonObject Object(LiveBranch branch, bool all)
    {
        var tags = branch.Tags.ToDictionary();
        var made = new JsonObject();
        foreach (var member in branch.Members.Where(member => all || !member.IsOptional || tags.ContainsKey(member.Name)))
            made[member.Name] = tags.TryGetValue(member.Name, out var value) ? value : Smallest(schema[member.Type]);
        return made;
    }

    /// <summary>The smallest value of a type.</summary>
    public JsonNode? Smallest(LiveType type) => type.Kind switch
    {
        "builtin" => Builtin(type.Builtin!),
        "enum" => type.Values[0],
        "array" => new JsonArray(Smallest(schema[type.Element!])),
        "alternate" => Smallest(type.Members.Select(member => schema[member.Type]).MinBy(static choice => choice.Kind is "builtin" or "enum" ? 0 : 1)!),
        _ => Object(schema.BranchesOf(type).First(), all: false),
    };

    private static JsonNode? Builtin(string kind) => kind switch
    {
        "string" => Text,
        "int" => 1,
        "number" => 1.5,
        "boolean" => true,
        "null" => null,
        _ => new JsonObject { ["any"] = 1 },
    };
}

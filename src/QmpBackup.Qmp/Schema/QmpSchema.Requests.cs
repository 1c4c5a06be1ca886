using System.Text.Json;

namespace QmpBackup.Qmp;

public sealed partial class QmpSchema
{
    /// <summary>
    /// What this QEMU does not know of a request: members, values of enumerations and branches of unions. So a request can be checked
    /// before it is sent.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <returns>
    /// A path for each, such as <c>on-cbw-error</c>, <c>actions/data/x-perf</c> or <c>driver=snapshot-access</c>; only the name of the
    /// command when QEMU does not have it. Empty when it knows all.
    /// </returns>
    public IReadOnlyList<string> Unsupported(QmpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Find(request.Command, "command") is not { } command)
            return [request.Command];
        var unknown = new List<string>();

        // The schema lists only three arguments of device_add: the others are the properties of the device.
        if (request.Arguments is { } arguments && command.ArgumentType is { } type && request.Command != "device_add")
            Check(arguments, type, path: null, unknown);
        return unknown;
    }

    private void Check(JsonElement value, string typeName, string? path, List<string> unknown)
    {
        if (!_entities.TryGetValue(typeName, out var type))
            return;
        switch (type.MetaType)
        {
            case "array" when value.ValueKind == JsonValueKind.Array && type.ElementType is { } element:
                foreach (var item in value.EnumerateArray())
                    Check(item, element, path, unknown);
                break;
            case "enum" when value.ValueKind == JsonValueKind.String && !type.Values.Contains(value.GetString()!, StringComparer.Ordinal):
                Add($"{path}={value.GetString()}");
                break;
            case "object" when value.ValueKind == JsonValueKind.Object:
                CheckMembers(value, type, path, unknown);
                break;
            case "alternate":
                if (type.Members.Find(member => Takes(member.Type, value.ValueKind)) is { Type: { } choice })
                    Check(value, choice, path, unknown);
                else
                    Add(path ?? typeName);
                break;
        }

        void Add(string text)
        {
            if (!unknown.Contains(text, StringComparer.Ordinal))
                unknown.Add(text);
        }
    }

    private void CheckMembers(JsonElement value, SchemaEntity type, string? path, List<string> unknown)
    {
        var tag = type.Tag is { } name ? QapiUnion.Member(value, name) : null;
        var branch = type.Variants.Find(variant => string.Equals(variant.Name, tag, StringComparison.Ordinal)).Type;
        var members = branch is not null && _entities.TryGetValue(branch, out var more) ? [.. type.Members, .. more.Members] : type.Members;

        // A branch that QEMU does not know has its discriminator reported, so its members would be noise.
        var isKnown = tag is null || branch is not null || type.Variants.Count == 0;
        foreach (var property in value.EnumerateObject())
        {
            var inner = path is null ? property.Name : $"{path}/{property.Name}";
            if (members.Find(member => string.Equals(member.Name, property.Name, StringComparison.Ordinal)) is { Type: { } memberType })
                Check(property.Value, memberType, inner, unknown);
            else if (isKnown && !unknown.Contains(inner, StringComparer.Ordinal))
                unknown.Add(inner);
        }
    }

    /// <summary>Whether an alternate can hold a value of this JSON type in this branch.</summary>
    private bool Takes(string typeName, JsonValueKind kind) => _entities.TryGetValue(typeName, out var type) && kind switch
    {
        JsonValueKind.String => type.MetaType == "enum" || type is { MetaType: "builtin", Name: "str" },
        JsonValueKind.Object => type.MetaType == "object",
        JsonValueKind.Array => type.MetaType == "array",
        JsonValueKind.Null => type is { MetaType: "builtin", Name: "null" },
        JsonValueKind.True or JsonValueKind.False => type is { MetaType: "builtin", Name: "bool" },
        _ => type is { MetaType: "builtin", Name: not ("str" or "null" or "bool") },
    };
}

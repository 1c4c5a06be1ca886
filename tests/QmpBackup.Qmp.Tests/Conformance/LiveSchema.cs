using System.Text.Json;

namespace QmpBackup.Qmp.Tests;

/// <summary>What a running QEMU says about itself: its answer to <c>query-qmp-schema</c>, read without the code under test.</summary>
internal sealed class LiveSchema
{
    private readonly Dictionary<string, LiveType> _entries;

    public LiveSchema(JsonElement answer) =>
        _entries = answer.EnumerateArray().Select(static entry => new LiveType(entry)).ToDictionary(static entry => entry.Name);

    public LiveType this[string name] => _entries[name];

    public IEnumerable<LiveType> Commands => _entries.Values.Where(static entry => entry.Kind == "command");

    public IEnumerable<LiveType> Events => _entries.Values.Where(static entry => entry.Kind == "event");

    /// <summary>Whether it is an object without members: no arguments, no result, no data.</summary>
    public bool IsEmpty(string? name) => name is null || _entries[name] is { Kind: "object", Members.Count: 0, Tag: null };

    /// <summary>The branches of a union, also those of a union inside it; one without a name for an object that is no union.</summary>
    public IEnumerable<LiveBranch> BranchesOf(LiveType type)
    {
        if (type.Tag is null)
            return [new("", [], type.Members)];
        return
            from value in _entries[type.Members.Single(member => member.Name == type.Tag).Type].Values
            from inner in type.Branches.TryGetValue(value, out var more) ? BranchesOf(_entries[more]) : [new("", [], [])]
            select new LiveBranch(
                $".{type.Tag}={value}{inner.Name}", [KeyValuePair.Create(type.Tag, value), .. inner.Tags], [.. type.Members, .. inner.Members]);
    }
}

/// <summary>A member of an object, or one of the types of an alternate.</summary>
internal sealed record LiveMember(string Name, string Type, bool IsOptional);

/// <summary>A branch of a union: the values of the discriminators, and all members.</summary>
internal sealed record LiveBranch(string Name, IReadOnlyList<KeyValuePair<string, string>> Tags, IReadOnlyList<LiveMember> Members);

/// <summary>A command, an event or a type.</summary>
internal sealed class LiveType
{
    public LiveType(JsonElement entry)
    {
        Name = entry.GetProperty("name").GetString()!;
        Kind = entry.GetProperty("meta-type").GetString()!;
        Builtin = Text(entry, "json-type");
        Element = Text(entry, "element-type");
        Tag = Text(entry, "tag");
        Arguments = Text(entry, "arg-type");
        Result = Text(entry, "ret-type");
        Members = Kind == "enum" ? [] : [.. Items(entry, "members").Select(Member)];
        Branches = Items(entry, "variants").ToDictionary(
            static item => item.GetProperty("case").GetString()!, static item => item.GetProperty("type").GetString()!);

        // "members" of an enumeration came with QEMU 6.2.
        Values = Kind != "enum" ? []
            : entry.TryGetProperty("members", out _) ? [.. Items(entry, "members").Select(static item => item.GetProperty("name").GetString()!)]
            : [.. Items(entry, "values").Select(static item => item.GetString()!)];
    }

    public string Name { get; }

    /// <summary>command, event, builtin, enum, array, object or alternate.</summary>
    public string Kind { get; }

    /// <summary>The kind of JSON value of a built-in type.</summary>
    public string? Builtin { get; }

    public string? Element { get; }

    /// <summary>The name of the discriminator of a union.</summary>
    public string? Tag { get; }

    public string? Arguments { get; }

    public string? Result { get; }

    public IReadOnlyList<LiveMember> Members { get; }

    public IReadOnlyDictionary<string, string> Branches { get; }

    public IReadOnlyList<string> Values { get; }

    private static LiveMember Member(JsonElement member) => new(
        Text(member, "name") ?? string.Empty, Text(member, "type")!, member.TryGetProperty("default", out _));

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var items) ? items.EnumerateArray() : default;
}

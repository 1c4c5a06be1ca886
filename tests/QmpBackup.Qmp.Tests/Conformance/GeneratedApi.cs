using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace QmpBackup.Qmp.Tests;

/// <summary>A generated command: its types, and what the schema said about it.</summary>
internal sealed record GeneratedCommand(string Name, Type? Arguments, Type Result, QapiFacts Facts);

/// <summary>A generated event.</summary>
internal sealed record GeneratedEvent(string Name, Type Data, QapiFacts Facts);

/// <summary>A property, and what its documentation says of the member of the schema.</summary>
internal sealed record GeneratedMember(string Name, PropertyInfo Property, string? Since, string? RemovedIn, bool IsConditional)
{
    public bool IsRequired => Property.IsDefined(typeof(RequiredMemberAttribute), inherit: true);
}

/// <summary>The generated types of a namespace, found by reflection.</summary>
internal sealed partial class GeneratedApi
{
    private static readonly JsonSerializerOptions Options = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver(), MaxDepth = 1024 };
    private static readonly Lazy<Dictionary<string, string>> Documentation = new(ReadDocumentation);
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<GeneratedMember>> Known = new();

    private GeneratedApi(string place)
    {
        var types = typeof(QapiFacts).Assembly.GetExportedTypes().Where(type => type.Namespace == place).ToList();
        Commands = types.Where(static type => type is { IsAbstract: true, IsSealed: true })
            .SelectMany(static type => type.GetProperties(BindingFlags.Public | BindingFlags.Static))
            .Where(static property => property.PropertyType is { IsGenericType: true } type && type.Name.StartsWith("QmpCommand`", StringComparison.Ordinal))
            .Select(static property => Command(property.GetValue(null)!))
            .ToDictionary(static command => command.Name);
        Events = types.Where(static type => Array.Exists(type.GetInterfaces(), static face => face.Name == "IQapiEvent`1"))
            .Select(static type => new GeneratedEvent((string)Static(type, "EventName")!, type, FactsOf(type)!))
            .ToDictionary(static item => item.Name);
    }

    /// <summary>QEMU's own.</summary>
    public static GeneratedApi Qemu { get; } = new("QmpBackup.Qmp.Qapi");

    /// <summary>The guest agent's.</summary>
    public static GeneratedApi Agent { get; } = new("QmpBackup.Qmp.Agent");

    public IReadOnlyDictionary<string, GeneratedCommand> Commands { get; }

    public IReadOnlyDictionary<string, GeneratedEvent> Events { get; }

    public static QapiFacts? FactsOf(Type type) => Static(type, "Qapi") as QapiFacts;

    /// <summary>Reads JSON as a type.</summary>
    public static object? Read(JsonElement json, Type type) => json.Deserialize(type, Options);

    /// <summary>Reads JSON as a type and writes it again.</summary>
    public static JsonElement WriteAgain(JsonElement json, Type type) => JsonSerializer.SerializeToElement(Read(json, type), type, Options);

    /// <summary>The members of a record, with those of the union that it is a branch of.</summary>
    public static IReadOnlyList<GeneratedMember> MembersOf(Type type) => Known.GetOrAdd(type, static type =>
    [
        .. Bases(type).SelectMany(static one => one.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(Member).OfType<GeneratedMember>().DistinctBy(static member => member.Name),
    ]);

    private static IEnumerable<Type> Bases(Type? type)
    {
        for (; type is not null && type != typeof(object); type = type.BaseType)
            yield return type;
    }

    private static GeneratedCommand Command(object command)
    {
        var type = command.GetType();
        var types = type.GetGenericArguments();
        return new(
            (string)type.GetProperty("Name")!.GetValue(command)!,
            types.Length == 2 ? types[0] : null,
            types[^1],
            (QapiFacts)type.GetProperty("Qapi")!.GetValue(command)!);
    }

    private static object? Static(Type type, string name) => type.GetProperty(name, BindingFlags.Public | BindingFlags.Static)?.GetValue(null);

    private static GeneratedMember? Member(PropertyInfo property)
    {
        var key = $"P:{property.DeclaringType!.FullName}.{property.Name}";
        if (!Documentation.Value.TryGetValue(key, out var text) || FactsPattern().Match(text) is not { Success: true } match)
            return null;
        var facts = match.Groups["facts"].Value;
        return new(
            match.Groups["name"].Value, property, Value(SincePattern().Match(facts)), Value(RemovedPattern().Match(facts)),
            facts.Contains(", if ", StringComparison.Ordinal));

        static string? Value(Match match) => match.Success ? match.Groups[1].Value : null;
    }

    /// <summary>The documentation names the member of the schema: a property may have a better name.</summary>
    private static Dictionary<string, string> ReadDocumentation() =>
        XDocument.Load(Path.ChangeExtension(typeof(QapiFacts).Assembly.Location, ".xml")).Descendants("member")
            .Where(static member => member.Attribute("name")!.Value.StartsWith("P:", StringComparison.Ordinal) && member.Element("summary") is not null)
            .ToDictionary(
                static member => member.Attribute("name")!.Value,
                static member => string.Concat(member.Element("summary")!.Nodes().Select(
                    static node => node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`" : node is XText words ? words.Value : string.Empty)));

    [GeneratedRegex(@"QAPI `(?<name>[^`]+)`(?<facts>.*)$", RegexOptions.RightToLeft)]
    private static partial Regex FactsPattern();

    [GeneratedRegex(@", since (\d+(\.\d+)+)")]
    private static partial Regex SincePattern();

    [GeneratedRegex(@", no longer in (\d+(\.\d+)+)")]
    private static partial Regex RemovedPattern();
}

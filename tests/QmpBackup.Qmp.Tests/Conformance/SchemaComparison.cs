using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace QmpBackup.Qmp.Tests;

/// <summary>
/// Walks the schema of a running QEMU beside the generated types, from the commands and events down. Introspection hides the names
/// of types, so that they are compared by structure: for each type JSON is made, read and written again.
/// </summary>
internal sealed class SchemaComparison(LiveSchema live, Version version, bool isNewest)
{
    private readonly SchemaSamples _samples = new(live);
    private readonly SortedSet<string> _differences = new(StringComparer.Ordinal);
    private readonly HashSet<(string Live, Type Generated, bool IsSent)> _seen = [];
    private readonly Queue<(string Path, string Live, Type Generated, bool IsSent)> _open = new();

    /// <summary>How many pairs of types were compared.</summary>
    public int Compared => _seen.Count;

    /// <summary>All differences; <paramref name="isWhole"/> says that this program should have everything that is generated.</summary>
    public IReadOnlyCollection<string> Run(GeneratedApi api, bool isWhole)
    {
        foreach (var command in live.Commands)
            CompareCommand(command, api.Commands.GetValueOrDefault(command.Name));
        foreach (var item in live.Events)
            CompareEvent(item, api.Events.GetValueOrDefault(item.Name));
        while (_open.TryDequeue(out var pair))
        {
            if (_seen.Add((pair.Live, pair.Generated, pair.IsSent)))
                Compare(pair.Path, live[pair.Live], pair.Generated, pair.IsSent);
        }

        if (isWhole)
        {
            CompareNames("command", live.Commands, api.Commands.Values.Select(static command => command.Facts));
            CompareNames("event", live.Events, api.Events.Values.Select(static item => item.Facts));
        }

        _differences.RemoveWhere(difference => KnownDifferences.All.Any(known => known.IsMatch(difference, version)));
        return _differences;
    }

    private void CompareCommand(LiveType command, GeneratedCommand? generated)
    {
        if (generated is null)
        {
            Report(command.Name, "the command is not generated");
            return;
        }

        CompareRoot($"{command.Name}(", command.Arguments, generated.Arguments, isSent: true);
        CompareRoot($"{command.Name} ->", command.Result, generated.Result == typeof(QmpVoid) ? null : generated.Result, isSent: false);
    }

    private void CompareEvent(LiveType item, GeneratedEvent? generated)
    {
        if (generated is null)
            Report(item.Name, "the event is not generated");
        else
            _open.Enqueue((item.Name, item.Arguments!, generated.Data, false));
    }

    private void CompareRoot(string path, string? type, Type? generated, bool isSent)
    {
        if (generated is not null && type is not null)
            _open.Enqueue((path, type, generated, isSent));
        else if (generated is null && !live.IsEmpty(type))
            Report(path, "generated without members");
    }

    private void CompareNames(string kind, IEnumerable<LiveType> here, IEnumerable<QapiFacts> generated)
    {
        var names = here.Select(static entry => entry.Name).ToHashSet();
        foreach (var facts in generated.Where(facts => !names.Contains(facts.Name) && IsExpected(facts.Since, facts.RemovedIn, facts.Condition is not null)))
            Report(facts.Name, $"this QEMU has no such {kind}, which is since {facts.Since ?? "ever"}");
    }

    private void Compare(string path, LiveType type, Type generated, bool isSent)
    {
        generated = Nullable.GetUnderlyingType(generated) ?? generated;
        if (generated == typeof(QmpSchema))
            return;
        var choices = IsAlternate(generated) && type.Kind != "alternate" ? Choice(_samples.Smallest(type), generated) : null;
        if (choices is not null)
        {
            // An alternate now, and one of its types in this version.
            _open.Enqueue((path, type.Name, choices, isSent));
            return;
        }

        switch (type.Kind)
        {
            case "builtin":
                if (!Fits(type.Builtin!, generated))
                    Report(path, $"is {type.Builtin} here, generated as {generated.Name}");
                break;
            case "array":
                if (generated is { IsGenericType: true } && generated.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
                    _open.Enqueue((path + "[]", type.Element!, generated.GetGenericArguments()[0], isSent));
                else
                    Report(path, $"is a list here, generated as {generated.Name}");
                break;
            case "enum":
                CompareEnum(path, type, generated);
                break;
            case "alternate" when !IsAlternate(generated):
                Report(path, $"is an alternate here, generated as {generated.Name}");
                break;
            case "alternate":
                foreach (var member in type.Members)
                {
                    if (Choice(_samples.Smallest(live[member.Type]), generated) is { } choice)
                        _open.Enqueue((path, member.Type, choice, isSent));
                    else if (live[member.Type].Builtin != "null")
                        Report(path, $"the alternate {generated.Name} does not take {live[member.Type].Builtin ?? live[member.Type].Kind}");
                }

                break;
            default:
                foreach (var branch in live.BranchesOf(type))
                    CompareObject(path + branch.Name, type, branch, generated, isSent);
                break;
        }
    }

    private void CompareEnum(string path, LiveType type, Type generated)
    {
        if (!generated.IsValueType || GeneratedApi.FactsOf(generated) is not { } facts)
        {
            Report(path, $"is an enumeration here, generated as {generated.Name}");
            return;
        }

        foreach (var value in type.Values.Where(value => facts.Find(value) is null))
            Report(path, $"{generated.Name} lacks {value}");
        foreach (var value in facts.Members.Where(
            value => !type.Values.Contains(value.Name) && IsExpected(value.Since, value.RemovedIn, value.Condition is not null)))
        {
            Report(path, $"{generated.Name} has {value.Name}{Since(value.Since)}, which this QEMU does not know");
        }
    }

    private void CompareObject(string path, LiveType type, LiveBranch branch, Type generated, bool isSent)
    {
        if (Read(path, _samples.Object(branch, all: false), generated) is null || Read(path, _samples.Object(branch, all: true), generated) is not { } all)
            return;

        // Many values of a discriminator have no members of their own: for those a record that keeps the JSON is enough.
        var record = all.GetType();
        if (record.Name == generated.Name + "Json")
        {
            if (branch.Members.Count > type.Members.Count)
                Report(path, "the branch is not generated");
            return;
        }

        // A member without a property is in a dictionary of further members: otherwise it was lost, and that is reported.
        var properties = GeneratedApi.MembersOf(record).ToDictionary(static member => member.Name);
        foreach (var member in branch.Members)
        {
            if (!properties.Remove(member.Name, out var property))
                continue;
            var inner = path + (path[^1] == '(' ? "" : ".") + member.Name;
            if (isSent && isNewest && !member.IsOptional && !property.IsRequired && !branch.Tags.Any(tag => tag.Key == member.Name))
                Report(inner, "is required here, generated as optional");
            _open.Enqueue((inner, member.Type, property.Property.PropertyType, isSent));
        }

        // A type that is younger than this QEMU stands for what was here before it.
        if (GeneratedApi.FactsOf(generated)?.Since is { } since && !IsReached(since))
            return;
        foreach (var property in properties.Values.Where(property => IsExpected(property.Since, property.RemovedIn, property.IsConditional)))
            Report(path, $"{record.Name} has {property.Name}{Since(property.Since)}, which this QEMU does not know");
    }

    /// <summary>Reads what this QEMU could send, and writes it again. Null when that fails.</summary>
    private object? Read(string path, JsonNode sample, Type generated)
    {
        var json = JsonSerializer.SerializeToElement(sample);
        try
        {
            var again = GeneratedApi.WriteAgain(json, generated);
            foreach (var difference in JsonDifference.Between(json, again))
                Report(path, $"{generated.Name}: {difference}");
            return GeneratedApi.Read(json, generated);
        }
        catch (JsonException e)
        {
            Report(path, $"{generated.Name} does not read {json}: {e.Message}");
            return null;
        }
    }

    private static bool IsAlternate(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Static).Any(static method => method.Name == "Of");

    /// <summary>The type of the property of an alternate that holds a value.</summary>
    private static Type? Choice(JsonNode? sample, Type alternate)
    {
        try
        {
            var value = GeneratedApi.Read(JsonSerializer.SerializeToElement(sample), alternate);
            return value?.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .FirstOrDefault(property => property.Name != "IsNull" && property.GetValue(value) is not null)?.PropertyType;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Fits(string builtin, Type type) => builtin switch
    {
        // Some texts have become enumerations, which take any text.
        "string" => type == typeof(string) || type == typeof(ReadOnlyMemory<byte>) || type is { IsValueType: true } && GeneratedApi.FactsOf(type) is not null,
        "int" => type == typeof(int) || type == typeof(long) || type == typeof(ulong),
        "number" => type == typeof(double),
        "boolean" => type == typeof(bool),
        "null" => type == typeof(QmpVoid),
        _ => type == typeof(JsonElement),
    };

    /// <summary>Whether this QEMU has to have it. What is gone in a later version may be gone in this one already.</summary>
    private bool IsExpected(string? since, string? removedIn, bool isConditional) =>
        !isConditional && removedIn is null && (since is null || IsReached(since));

    private bool IsReached(string number) => Version.Parse(number) <= version;

    private static string Since(string? since) => since is null ? "" : $" (since {since})";

    private void Report(string path, string what) => _differences.Add($"{path}: {what}");
}

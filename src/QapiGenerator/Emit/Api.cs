using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>A property of a generated record: the member and its C# side.</summary>
internal sealed record ApiProperty(QapiMember Member, string Name, TypeUse Type, string? Summary)
{
    /// <summary>Whether the record cannot do without it.</summary>
    public bool IsRequired { get; init; }

    public string CSharpType => IsRequired ? Type.CSharp : Type.CSharp + "?";
}

/// <summary>The generated types of a schema: which are needed, and what they are called in C#.</summary>
internal sealed class Api
{
    private readonly Dictionary<string, QapiDefinition> _types;
    private readonly HashSet<string> _sent = new(StringComparer.Ordinal);
    private readonly HashSet<string> _needed = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    public Api(QapiSchema schema, Overrides overrides, ApiTarget target)
    {
        Schema = schema;
        Overrides = overrides;
        Target = target;
        _types = schema.Definitions.Where(IsType).ToDictionary(static type => type.Name, StringComparer.Ordinal);
        foreach (var command in Commands)
        {
            if (command.Data is not null)
                Need(command.Data, isSent: false);
            NeedAll(command.Members, isSent: false);
            if (command.Returns is not null)
                Need(command.Returns.Name, isSent: true);
        }

        foreach (var item in Events)
            NeedAll(item.Data is null ? item.Members : Type(item.Data).Members, isSent: true);
        foreach (var name in _needed)
            _names.Add(CSharp(name));
    }

    public QapiSchema Schema { get; }

    public Overrides Overrides { get; }

    public ApiTarget Target { get; }

    public IEnumerable<QapiDefinition> Commands => Of(QapiKind.Command);

    public IEnumerable<QapiDefinition> Events => Of(QapiKind.Event);

    /// <summary>The types that a command or an event uses, in the order of the schema.</summary>
    public IEnumerable<QapiDefinition> Types => Schema.Definitions.Where(type => IsType(type) && _needed.Contains(type.Name));

    public QapiDefinition Type(string name) =>
        _types.TryGetValue(name, out var found) ? found : throw new KeyNotFoundException($"The schema has no type {name}.");

    public QapiDefinition? Find(string name) => _types.GetValueOrDefault(name);

    public string CSharp(string type) => OverrideOf(Overrides.Types, type).Name ?? char.ToUpperInvariant(type[0]) + type[1..];

    public string Pascal(string name) => CSharpName.Pascal(name, Overrides.Words);

    /// <summary>The name of a branch of a union: that of the union and of the value, unless another type is called so.</summary>
    public string Branch(QapiDefinition union, string value)
    {
        if (OverrideOf(OverrideOf(Overrides.Types, union.Name).Members, value).Name is { } name)
            return name;
        var made = CSharp(union.Name) + Pascal(value);
        return _names.Contains(made) ? made + "Branch" : made;
    }

    /// <summary>The record of the arguments of a command; null when it takes none.</summary>
    public string? Arguments(QapiDefinition command) => command switch
    {
        { Data: { } data } => CSharp(data),
        { Members.Count: 0, IsComplete: true } => null,
        _ => Pascal(command.Name) + "Arguments",
    };

    public string Event(QapiDefinition item) => OverrideOf(Overrides.Events, item.Name).Name ?? Pascal(item.Name) + "Event";

    /// <summary>The properties of a record of this name.</summary>
    public IReadOnlyList<ApiProperty> Properties(
        IEnumerable<QapiMember> members, string record, Override written, bool isSent, IReadOnlyCollection<string>? taken = null)
    {
        var found = new List<ApiProperty>();
        var used = new HashSet<string>(taken ?? [], StringComparer.Ordinal) { record, "Qapi", "JsonTypeInfo", "EventName", "Clone" };
        foreach (var member in members.OrderBy(member => Place(member.Name)))
        {
            var own = OverrideOf(written.Members, member.Name);
            var name = own.Name ?? Pascal(member.Name);
            while (!used.Add(name))
                name += "Value";
            var mayLack = member.IsOptional || member.RemovedIn is not null
                || isSent && (member.WasOptional || member.IsDeprecated || member.Condition is not null);
            found.Add(new ApiProperty(member, name, Use(member.Type, own.Type), own.Summary) { IsRequired = own.Required ?? !mayLack });
        }

        return found;

        int Place(string name) => Array.IndexOf(written.Order, name) is >= 0 and var index ? index : int.MaxValue;
    }

    /// <summary>Whether QEMU sends it: then members that another version lacks cannot be required.</summary>
    public bool IsSent(string type) => _sent.Contains(type);

    public TypeUse Use(TypeName type, string? special = null) => TypeUse.Of(this, type, special);

    public static Override OverrideOf(Dictionary<string, Override> all, string name) => all.GetValueOrDefault(name, Override.None);

    private static bool IsType(QapiDefinition definition) => definition.Kind is not (QapiKind.Command or QapiKind.Event);

    private IEnumerable<QapiDefinition> Of(QapiKind kind) => Schema.Definitions.Where(definition => definition.Kind == kind);

    private void NeedAll(IEnumerable<QapiMember> members, bool isSent)
    {
        foreach (var member in members)
            Need(member.Type.Name, isSent);
    }

    private void Need(string name, bool isSent)
    {
        if (Find(name) is not { } type || (isSent ? !_sent.Add(name) : _needed.Contains(name)))
            return;
        _needed.Add(name);
        NeedAll(type.Members, isSent);
        foreach (var branch in type.Branches)
        {
            // The members of a branch are those of its record, so the type that lists them is not needed.
            if (type.Kind == QapiKind.Union && Find(branch.Type.Name) is { Kind: QapiKind.Struct } members)
                NeedAll(members.Members, isSent);
            else
                Need(branch.Type.Name, isSent);
        }
    }
}

/// <summary>What is generated: QEMU's own schema or that of the guest agent.</summary>
internal sealed record ApiTarget(string Namespace, string ClientType, string ClientSummary)
{
    public static ApiTarget Client { get; } = new("QmpBackup.Qmp.Qapi", "IQmpClient", "The session.");

    public static ApiTarget Agent { get; } = new("QmpBackup.Qmp.Agent", "GuestAgentClient", "The client of the agent.");
}

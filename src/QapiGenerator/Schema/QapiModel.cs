namespace QapiGenerator.Schema;

/// <summary>A type as the schema names it: a name, and whether it is a list of it.</summary>
internal sealed record TypeName(string Name, bool IsList)
{
    public override string ToString() => IsList ? $"[{Name}]" : Name;
}

/// <summary>What the schema says about anything that can be conditional or flagged.</summary>
internal abstract record QapiItem
{
    public required string Name { get; init; }

    public string? Since { get; init; }

    /// <summary>The first of the read versions that no longer has it.</summary>
    public string? RemovedIn { get; init; }

    /// <summary>The condition of the build, such as <c>CONFIG_LINUX</c>.</summary>
    public string? Condition { get; init; }

    public IReadOnlyList<string> Features { get; init; } = [];

    public bool IsDeprecated => Features.Contains("deprecated") || RemovedIn is not null;

    public bool IsUnstable => Features.Contains("unstable");
}

/// <summary>A member of a struct, an argument, a value of an enumeration, or a branch of a union or alternate.</summary>
internal sealed record QapiMember : QapiItem
{
    public TypeName Type { get; init; } = new("", false);

    public bool IsOptional { get; init; }

    /// <summary>Whether an older version did not have it, or did not always send it.</summary>
    public bool WasOptional { get; init; }

    public string? Unit { get; init; }

    public string? Default { get; init; }
}

internal enum QapiKind
{
    Enum,
    Struct,
    Union,
    Alternate,
    Command,
    Event,
}

/// <summary>One definition of the schema.</summary>
internal sealed record QapiDefinition : QapiItem
{
    public required QapiKind Kind { get; init; }

    /// <summary>The file without its ending, such as <c>block-core</c>.</summary>
    public required string Module { get; init; }

    /// <summary>
    /// The members of a struct, of the base of a union, or of the arguments given in place; the values of an enumeration.
    /// </summary>
    public IReadOnlyList<QapiMember> Members { get; init; } = [];

    /// <summary>The branches of a union or an alternate.</summary>
    public IReadOnlyList<QapiMember> Branches { get; init; } = [];

    /// <summary>The type with the members that a struct or a union begins with.</summary>
    public string? Base { get; init; }

    public string? Discriminator { get; init; }

    /// <summary>The type of the arguments of a command or of the data of an event, when it has a name.</summary>
    public string? Data { get; init; }

    public TypeName? Returns { get; init; }

    /// <summary>False where the schema does not list all arguments.</summary>
    public bool IsComplete { get; init; } = true;

    public bool AnswersSuccess { get; init; } = true;
}

/// <summary>A schema: all definitions of one version, or of several that were merged.</summary>
internal sealed record QapiSchema(string Version, IReadOnlyList<string> Modules, IReadOnlyList<QapiDefinition> Definitions)
{
    /// <summary>Whether it only adds to other versions: what it does not have is not gone.</summary>
    public bool IsAddition { get; init; }
}

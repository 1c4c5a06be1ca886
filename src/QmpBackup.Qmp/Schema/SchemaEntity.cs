namespace QmpBackup.Qmp;

/// <summary>One entry of a schema.</summary>
internal sealed class SchemaEntity
{
    public required string Name { get; init; }

    public required string MetaType { get; init; }

    public string? ArgumentType { get; init; }

    public string? ResultType { get; init; }

    public string? ElementType { get; init; }

    /// <summary>The name of the discriminator of a union.</summary>
    public string? Tag { get; init; }

    public List<SchemaMember> Members { get; init; } = [];

    public List<SchemaMember> Variants { get; init; } = [];

    public IReadOnlyList<string> Values { get; init; } = [];

    public IReadOnlyList<string> Features { get; init; } = [];
}

/// <summary>A member of an object, a branch of a union (its name is the case), or one of the types of an alternate.</summary>
internal readonly record struct SchemaMember(string Name, string Type);

namespace QmpBackup.Qmp;

/// <summary>A member of an object, a branch of a union (with its case as the name) or one of the types of an alternate.</summary>
internal readonly record struct SchemaMember(string Name, string Type);

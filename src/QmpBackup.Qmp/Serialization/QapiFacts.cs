namespace QmpBackup.Qmp;

/// <summary>What QEMU's schema says about a type, a command or an event.</summary>
/// <remarks>
/// It is what the versions say that this library was generated from. To learn what a running QEMU has, ask its <see cref="QmpSchema"/>.
/// </remarks>
public sealed class QapiFacts
{
    private QapiFacts(QapiMemberFacts self, string module, IReadOnlyList<QapiMemberFacts> members)
    {
        Name = self.Name;
        Module = module;
        Since = self.Since;
        RemovedIn = self.RemovedIn;
        Condition = self.Condition;
        Features = self.Features;
        Members = members;
    }

    /// <summary>The name in the schema, such as <c>block-dirty-bitmap-add</c>.</summary>
    public string Name { get; }

    /// <summary>The module, such as <c>block-core</c>.</summary>
    public string Module { get; }

    /// <summary>The version of QEMU that it appeared in, such as <c>2.4</c>; null when the schema does not say.</summary>
    public string? Since { get; }

    /// <summary>A version of QEMU that no longer has it; null for none.</summary>
    public string? RemovedIn { get; }

    /// <summary>The condition of the build, such as <c>CONFIG_LINUX</c>; null for none.</summary>
    public string? Condition { get; }

    /// <summary>Its features, such as <c>deprecated</c> and <c>unstable</c>.</summary>
    public IReadOnlyList<string> Features { get; }

    /// <summary>The members, the values of an enumeration, or the branches.</summary>
    public IReadOnlyList<QapiMemberFacts> Members { get; }

    /// <summary>Whether QEMU declares it deprecated.</summary>
    public bool IsDeprecated => Features.Contains("deprecated", StringComparer.Ordinal);

    /// <summary>Whether it can change in any version.</summary>
    public bool IsUnstable => Features.Contains("unstable", StringComparer.Ordinal);

    /// <summary>The facts of a type.</summary>
    /// <typeparam name="T">The type.</typeparam>
    /// <returns>The facts.</returns>
    public static QapiFacts Of<T>()
        where T : IQapiType => T.Qapi;

    /// <summary>The facts of a member.</summary>
    /// <param name="name">The name in the schema.</param>
    /// <returns>The facts, or null when there is no such member.</returns>
    public QapiMemberFacts? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Members.FirstOrDefault(member => string.Equals(member.Name, name, StringComparison.Ordinal));
    }

    /// <summary>The name.</summary>
    /// <returns>The name.</returns>
    public override string ToString() => Name;

    /// <summary>Reads what the generator wrote: a line for itself and one for each member, with bars between the fields.</summary>
    internal static QapiFacts Parse(string text)
    {
        var lines = text.Split('\n');
        return new QapiFacts(Line(lines[0], out var module), module, [.. lines.Skip(1).Select(static line => Line(line, out _))]);
    }

    private static QapiMemberFacts Line(string line, out string extra)
    {
        var fields = line.Split('|');
        extra = Field(1) ?? string.Empty;
        return new QapiMemberFacts(
            fields[0], Field(2), Field(3), Field(4), Field(5)?.Split(',') ?? [], string.Equals(extra, "?", StringComparison.Ordinal));

        string? Field(int index) => index < fields.Length && fields[index].Length > 0 ? fields[index] : null;
    }
}

/// <summary>What QEMU's schema says about a member, a value of an enumeration, or a branch.</summary>
/// <param name="Name">The name in the schema.</param>
/// <param name="Since">The version of QEMU that it appeared in; null when it is as old as the type or the schema does not say.</param>
/// <param name="RemovedIn">A version of QEMU that no longer has it; null for none.</param>
/// <param name="Condition">The condition of the build; null for none.</param>
/// <param name="Features">Its features, such as <c>deprecated</c> and <c>unstable</c>.</param>
/// <param name="IsOptional">Whether it can be left out.</param>
public sealed record QapiMemberFacts(
    string Name, string? Since, string? RemovedIn, string? Condition, IReadOnlyList<string> Features, bool IsOptional);

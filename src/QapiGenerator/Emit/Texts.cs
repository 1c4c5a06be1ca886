using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>Sentences and attributes made of facts.</summary>
internal static class Texts
{
    public const string UnstableId = "QAPI0001";

    /// <summary>The summary of a definition or a member: what people wrote, and the facts.</summary>
    public static string Summary(string? written, string facts) => written is null ? $"{facts}." : $"{Sentence(written)} {facts}.";

    /// <summary>The facts of an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="kind">What it is, with a space behind; empty for a member.</param>
    /// <param name="module">The module, if it is to be named.</param>
    /// <param name="written">What people wrote about it: what it says is not said again.</param>
    public static string Facts(QapiItem item, string kind, string? module = null, string? written = null)
    {
        var facts = $"QAPI {kind}<c>{Escape(item.Name)}</c>";
        if (module is not null)
            facts += $", module {module}";
        if (item.Since is not null)
            facts += $", since {item.Since}";
        if (item is QapiMember member)
        {
            if (member.Unit is not null && written?.Contains(member.Unit.Split(' ')[0], StringComparison.Ordinal) != true)
                facts += $", in {member.Unit}";
            if (member.Default is not null && written?.Contains("default", StringComparison.Ordinal) != true)
                facts += $", default {member.Default}";
        }

        if (item.Condition is not null)
            facts += $", if {Escape(item.Condition)}";
        if (item.IsUnstable)
            facts += ", unstable";
        if (item.RemovedIn is not null)
            facts += $", no longer in {item.RemovedIn}";
        else if (item.IsDeprecated)
            facts += ", deprecated";
        return facts;
    }

    /// <summary>The attributes of what QEMU declares deprecated or unstable.</summary>
    public static IEnumerable<string> Attributes(QapiItem item)
    {
        if (item.RemovedIn is not null)
            yield return $"[Obsolete(\"QEMU {item.RemovedIn} no longer has it.\")]";
        else if (item.IsDeprecated)
            yield return "[Obsolete(\"QEMU declares it deprecated.\")]";
        if (item.IsUnstable)
            yield return $"[Experimental(\"{UnstableId}\")]";
    }

    public static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}

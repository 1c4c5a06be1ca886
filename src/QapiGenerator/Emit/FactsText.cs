using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>The facts of a definition as the text that the library parses when it is asked: one line each, fields between bars.</summary>
internal static class FactsText
{
    public static string Of(QapiDefinition definition, IEnumerable<QapiMember> members) =>
        "\"" + string.Join("\\n", [Line(definition, definition.Module), .. members.Select(static member => Line(member, Flag(member)))])
        + "\"";

    private static string Flag(QapiMember member) => member.IsOptional ? "?" : string.Empty;

    private static string Line(QapiItem item, string extra) => string.Join(
        '|', item.Name, extra, item.Since, item.RemovedIn, item.Condition, string.Join(',', item.Features)).TrimEnd('|');
}

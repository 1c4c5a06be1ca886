using System.Globalization;
using System.Text;
using QapiGenerator.Schema;

namespace QapiGenerator.Emit;

/// <summary>The table of the documentation: what each module of the schema has, and what is generated of it.</summary>
internal static class Coverage
{
    public static string Table(IReadOnlyList<string> versions, string added, Api client, Api agent)
    {
        var text = new StringBuilder();
        text.Append("# Coverage of the schema\n\n")
            .Append("`src/QapiGenerator` writes this table with the code. It was generated from the schema of QEMU ")
            .Append(string.Join(", ", versions)).Append(" and the additions of ").Append(added).Append(".\n\n")
            .Append("Types that the schema uses only as a part of others, such as the base of a struct or the branch of a union,\n")
            .Append("have no C# type of their own: their members are in the types that use them.\n\n")
            .Append("| Module | Commands of the schema | generated | Events | generated | Types | generated |\n")
            .Append("|---|---:|---:|---:|---:|---:|---:|\n");
        var sum = new int[6];
        foreach (var api in new[] { client, agent })
        {
            foreach (var module in api.Schema.Modules.Order(StringComparer.Ordinal))
                Row(text, module, Counts(api, module), sum);
        }

        text.Append(CultureInfo.InvariantCulture, $"| **all** | {string.Join(" | ", sum.Select(static count => $"**{count}**"))} |\n");
        return text.ToString();
    }

    private static int[] Counts(Api api, string module)
    {
        List<QapiDefinition> all = [.. api.Schema.Definitions.Where(definition => definition.Module == module)];
        var commands = all.Count(static definition => definition.Kind == QapiKind.Command);
        var events = all.Count(static definition => definition.Kind == QapiKind.Event);
        var types = api.Types.Count(type => type.Module == module);
        return
        [
            commands, api.Commands.Count(command => command.Module == module), events, api.Events.Count(item => item.Module == module),
            all.Count - commands - events, types,
        ];
    }

    private static void Row(StringBuilder text, string module, int[] counts, int[] sum)
    {
        if (counts.All(static count => count == 0))
            return;
        for (var index = 0; index < sum.Length; index++)
            sum[index] += counts[index];
        text.Append(CultureInfo.InvariantCulture, $"| {module} | {string.Join(" | ", counts)} |\n");
    }
}

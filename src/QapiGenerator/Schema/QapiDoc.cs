using System.Text.RegularExpressions;

namespace QapiGenerator.Schema;

/// <summary>What a comment says about a definition or a member, as facts. The sentences of the comment are not kept.</summary>
internal sealed record DocFacts(string? Since, string? Unit, string? Default)
{
    public static DocFacts None { get; } = new(null, null, null);
}

/// <summary>The comment of a definition: the version it appeared in, and the same for its members.</summary>
internal sealed partial record QapiDoc(string? Name, string? Since, IReadOnlyDictionary<string, DocFacts> Members)
{
    public static QapiDoc None { get; } = new(null, null, new Dictionary<string, DocFacts>());

    public DocFacts this[string member] => Members.GetValueOrDefault(member, DocFacts.None);

    public static QapiDoc Parse(IReadOnlyList<string> lines)
    {
        var members = new Dictionary<string, DocFacts>(StringComparer.Ordinal);
        string? name = null, since = null, section = null;
        var text = new List<string>();
        var features = false;
        var blank = false;
        foreach (var line in lines)
        {
            if (SectionLine().Match(line) is { Success: true } start)
            {
                Close();
                if (name is null)
                    name = start.Groups[1].Value;
                else if (!features)
                    section = start.Groups[1].Value;
                text.Add(start.Groups[2].Value);
            }
            else if (TagLine().Match(line) is { Success: true } tag)
            {
                Close();
                features = tag.Groups[1].Value == "Features";
                if (tag.Groups[1].Value == "Since")
                    since = Version().Match(line) is { Success: true } version ? version.Value : null;
            }
            else if (section is not null && blank && line.Length > 0 && line[0] != ' ')
            {
                Close();
            }
            else
            {
                text.Add(line);
            }

            blank = line.Trim().Length == 0;
        }

        Close();
        return new QapiDoc(name, since, members);

        void Close()
        {
            if (section is not null)
                members[section] = Facts(string.Join(' ', text.Select(static line => line.Trim())));
            section = null;
            text.Clear();
        }
    }

    private static DocFacts Facts(string text) => new(
        SinceText().Match(text) is { Success: true } since ? since.Groups[1].Value : null,
        UnitText().Match(text) is { Success: true } unit ? unit.Groups[1].Value : null,
        DefaultText().Match(text) is { Success: true } value ? value.Groups[1].Value : null);

    [GeneratedRegex(@"^@([A-Za-z0-9_.-]+):(.*)$")]
    private static partial Regex SectionLine();

    [GeneratedRegex(@"^(Features|Since|Returns|Errors|Examples?|Notes?|TODO|Arguments|\.\. [a-z-]+:)[: ]?.*$")]
    private static partial Regex TagLine();

    [GeneratedRegex(@"\d+(\.\d+)+")]
    private static partial Regex Version();

    [GeneratedRegex(@"[Ss]ince:?\s+(?:QEMU\s+)?v?(\d+(?:\.\d+){1,2})")]
    private static partial Regex SinceText();

    [GeneratedRegex(@"\bin ((?:bytes|seconds|milliseconds|microseconds|nanoseconds)(?: per second)?)\b")]
    private static partial Regex UnitText();

    [GeneratedRegex(@"\(?[Dd]efault:? (?:is )?'?(true|false|on|off|auto|\d+)'?(?=[,;)]|\.(?!\d)| \(|$)")]
    private static partial Regex DefaultText();
}

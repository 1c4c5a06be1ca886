using System.Text;

namespace QapiGenerator.Emit;

/// <summary>Makes C# names of QAPI names.</summary>
internal static class CSharpName
{
    private static readonly HashSet<string> Keywords =
    [
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte",
        "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof",
        "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    ];

    /// <summary><c>null-co</c> becomes <c>NullCo</c>; a name that begins with a digit gets <c>Value</c> in front.</summary>
    public static string Pascal(string name, IReadOnlyDictionary<string, string>? words = null)
    {
        var text = new StringBuilder();
        foreach (var part in name.Split('-', '_', '.', ' ', '/', '+', ':'))
        {
            if (part.Length == 0)
                continue;
            var isShouted = part.Length > 1 && part.All(static letter => !char.IsLower(letter)) && part.Any(char.IsLetter);
            var word = isShouted ? part.ToLowerInvariant() : part;
            text.Append(words is not null && words.TryGetValue(word, out var known) ? known : char.ToUpperInvariant(word[0]) + word[1..]);
        }

        return text.Length == 0 || char.IsAsciiDigit(text[0]) ? "Value" + text : text.ToString();
    }

    /// <summary>A name for a parameter or a local.</summary>
    public static string Camel(string pascal)
    {
        var upper = pascal.TakeWhile(char.IsUpper).Count();
        var count = upper <= 1 || upper == pascal.Length ? Math.Max(upper, 1) : upper - 1;
        var name = pascal[..count].ToLowerInvariant() + pascal[count..];
        return Keywords.Contains(name) ? "@" + name : name;
    }
}

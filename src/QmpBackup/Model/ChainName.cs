namespace QmpBackup;

/// <summary>The rule for the names of chains.</summary>
public static class ChainName
{
    /// <summary>The chain that is meant where none is named.</summary>
    public const string Default = "default";

    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 32;

    /// <summary>
    /// Whether <paramref name="name"/> can name a chain: 1 to 32 of ASCII letters, digits, <c>-</c> and <c>_</c>. It becomes part of the names of
    /// bitmaps, where a dot separates, and of a folder.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <returns>Whether it is allowed.</returns>
    public static bool IsValid(string? name) => name is { Length: > 0 and <= MaxLength }
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        && name[0] != '-';
}

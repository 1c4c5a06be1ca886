using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using QmpBackup.Model;

namespace QmpBackup;

/// <summary>
/// The name of a chain: 1 to 32 ASCII letters, digits, <c>-</c> and <c>_</c>, not beginning with <c>-</c>. It is part of the names of
/// bitmaps, where a dot separates, and the name of a folder. The default value of the type is the chain <c>default</c>. Ordered by its
/// characters.
/// </summary>
[JsonConverter(typeof(ChainNameConverter))]
public readonly record struct ChainName : IComparable<ChainName>
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 32;

    /// <summary>The rule for names, as the rest of a sentence that begins with "A chain's name is".</summary>
    public static readonly string Rule = $"1 to {MaxLength} ASCII letters, digits, '-' and '_', not beginning with '-'";

    private const string DefaultValue = "default";

    // Null for "default", so that the default value of the type is equal to that chain.
    private readonly string? _value;

    private ChainName(string value) => _value = value == DefaultValue ? null : value;

    /// <summary>The chain that is meant where none is named: <c>default</c>.</summary>
    public static ChainName Default => default;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? DefaultValue;

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text.</param>
    /// <param name="name">The name.</param>
    /// <returns>Whether <paramref name="text"/> is a name.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ChainName name)
    {
        var isName = text is { Length: > 0 and <= MaxLength }
            && text[0] != '-' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        name = isName ? new ChainName(text!) : default;
        return isName;
    }

    /// <summary>Reads a name.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The name.</returns>
    /// <exception cref="FormatException"><paramref name="text"/> is not a name.</exception>
    public static ChainName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' does not name a chain: a name is {Rule}.");

    /// <inheritdoc/>
    public int CompareTo(ChainName other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Whether the left name comes first.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator <(ChainName left, ChainName right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left name comes last.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator >(ChainName left, ChainName right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left name does not come last.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator <=(ChainName left, ChainName right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left name does not come first.</summary>
    /// <param name="left">A name.</param>
    /// <param name="right">Another.</param>
    public static bool operator >=(ChainName left, ChainName right) => left.CompareTo(right) >= 0;
}

using System.CommandLine;
using System.Globalization;

namespace QmpBackup.Cli.Settings;

/// <summary>Makes options that read their value themselves and say what they expect.</summary>
internal static class TypedOption
{
    /// <summary>Reads a value.</summary>
    /// <returns>False if the text is not a value.</returns>
    public delegate bool Reader<T>(string text, out T value);

    /// <summary>An option without a value: it is given, or it is not.</summary>
    public static Option<bool> Flag(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };

    /// <summary>An option whose value is one of a few words; null where it is not given.</summary>
    public static Option<T?> Choice<T>(string name, string description, params (string Word, T Value)[] choices) where T : struct
    {
        var words = choices.Select(c => c.Word).ToArray();
        var expected = $"{string.Join(", ", words[..^1])} or {words[^1]}";
        var option = Of<T?>(name, description, string.Join('|', words), expected, (text, out value) =>
        {
            value = choices.Where(c => c.Word == text).Select(c => (T?)c.Value).FirstOrDefault();
            return value is not null;
        });
        option.CompletionSources.Clear();
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>An option whose value is a time limit in seconds; null where it is not given.</summary>
    public static Option<TimeSpan?> Seconds(string name, string description) => Of<TimeSpan?>(
        name, description, "SECONDS", "a number of seconds above 0, up to 3600", (text, out value) =>
        {
            var valid = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                && seconds is > 0 and <= 3600;
            value = valid ? TimeSpan.FromSeconds(seconds) : null;
            return valid;
        });

    /// <summary>An option whose value a function reads.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">Its line in the help.</param>
    /// <param name="helpName">How help shows the value.</param>
    /// <param name="expected">What the value is, as the end of "…; expected …".</param>
    /// <param name="read">The function.</param>
    public static Option<T> Of<T>(string name, string description, string helpName, string expected, Reader<T> read) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            var text = result.Tokens[^1].Value;
            if (!read(text, out var value))
                result.AddError($"Invalid value '{text}' for {name}; expected {expected}.");
            return value;
        },
    };
}

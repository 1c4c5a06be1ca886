using System.CommandLine;

namespace QmpBackup.Cli.Settings;

/// <summary>Options whose value is one of a few words.</summary>
internal static class Choice
{
    /// <summary>An option that is null where it is not given.</summary>
    public static Option<T?> Of<T>(string name, string description, params (string Word, T Value)[] choices) where T : struct
    {
        var option = new Option<T?>(name)
        {
            Description = description,
            HelpName = string.Join('|', choices.Select(c => c.Word)),
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result =>
            {
                var word = result.Tokens[^1].Value;
                foreach (var choice in choices)
                {
                    if (choice.Word == word)
                        return choice.Value;
                }

                result.AddError($"'{word}' is no value for {name}: it is one of {string.Join(", ", choices.Select(c => c.Word))}.");
                return null;
            },
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add([.. choices.Select(c => c.Word)]);
        return option;
    }
}

/// <summary>Options whose value is read by a function that says what is wrong.</summary>
internal static class Parsed
{
    /// <summary>Reads a text: the value, or what is wrong with the text in one sentence.</summary>
    public delegate string? Reader<T>(string text, out T? value);

    public static Option<T?> Of<T>(string name, string description, string helpName, Reader<T> read) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            if (read(result.Tokens[^1].Value, out var value) is { } error)
                result.AddError($"{name}: {error}");
            return value;
        },
    };
}

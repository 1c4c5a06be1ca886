using System.CommandLine;

namespace QmpBackup.Cli.Options;

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

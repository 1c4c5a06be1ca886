using System.CommandLine;

namespace QmpBackup.Cli.Options;

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

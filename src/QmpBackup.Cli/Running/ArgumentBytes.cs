using System.Text;
using System.Text.Unicode;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>
/// Refuses what is not UTF-8 in the command line, in the variables that are looked at, and in the working directory's path: .NET puts U+FFFD where such bytes are, and a path with that in it leads to
/// another place.
/// </summary>
internal static class ArgumentBytes
{
    private const char Replacement = '\uFFFD';
    private const string Variables = "QBACKUP_";

    /// <summary>Looks at this process.</summary>
    /// <returns>The exit code; null where all is well.</returns>
    public static ExitCode? Refuse(string[] args, IConsole console)
    {
        if (Find(args) is not { } what)
            return null;
        ErrorWriter.Write(console, GlobalSettings.Guess(CommandTree.Root.Parse(args, App.Parser), console).Format, colour: false, new ErrorReport(ExitCode.Usage, "usage",
            $"{what} is not valid UTF-8: it cannot be told which file is meant.", "Give the file or folder a name in UTF-8, or name a link to it that has one."));
        return ExitCode.Usage;
    }

    private static string? Find(string[] args)
    {
        if (Array.FindIndex(args, a => a.Contains(Replacement, StringComparison.Ordinal)) is var index and >= 0 && !IsText("/proc/self/cmdline", _ => true))
            return $"The argument '{args[index]}'";
        if (!IsText("/proc/self/environ", v => v.AsSpan().StartsWith(Encoding.ASCII.GetBytes(Variables))))
            return $"An environment variable {Variables}…";
        return IsReplacedInWorkingDirectory() ? "The path of the working directory" : null;
    }

    private static bool IsReplacedInWorkingDirectory()
    {
        try
        {
            return Environment.CurrentDirectory.Contains(Replacement, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is gone: whoever needs it says so.
            return false;
        }
    }

    // Both files are a list of texts, each with a zero byte at its end.
    private static bool IsText(string path, Func<byte[], bool> isMeant)
    {
        try
        {
            var text = File.ReadAllBytes(path);
            for (var begin = 0; begin < text.Length;)
            {
                var end = Array.IndexOf(text, (byte)0, begin) is var found and >= 0 ? found : text.Length;
                var one = text[begin..end];
                if (isMeant(one) && !Utf8.IsValid(one))
                    return false;
                begin = end + 1;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc: nothing can be told, and nothing is refused.
        }

        return true;
    }
}

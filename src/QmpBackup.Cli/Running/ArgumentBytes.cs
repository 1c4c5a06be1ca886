using System.Text;
using System.Text.Unicode;
using QmpBackup.Cli.Errors;

namespace QmpBackup.Cli.Running;

/// <summary>
/// Finds what is not UTF-8 in the command line, in qbackup's environment variables, and in the path of the working directory.
/// .NET replaces such bytes by U+FFFD, and a path with that in it leads to another place.
/// </summary>
internal static class ArgumentBytes
{
    private const char Replacement = '\uFFFD';
    private const string Variables = "QBACKUP_";

    /// <summary>Checks this process.</summary>
    /// <returns>What to report; null if everything is UTF-8.</returns>
    public static ErrorReport? Check(string[] args) => Find(args) is { } what
        ? new ErrorReport(ExitCode.Usage, "usage", $"{what} is not valid UTF-8, so it does not say which file is meant.",
            "Give the file or folder a name in UTF-8, or name a link to it that has one.")
        : null;

    private static string? Find(string[] args)
    {
        if (Array.FindIndex(args, a => a.Contains(Replacement, StringComparison.Ordinal)) is var index and >= 0
            && !IsText("/proc/self/cmdline", _ => true))
        {
            return $"The argument '{args[index]}'";
        }

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
            // It does not exist any more: the code that needs it reports that.
            return false;
        }
    }

    // Both files are lists of texts. Each text ends with a zero byte.
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
            // Without /proc nothing is known, so nothing is refused.
        }

        return true;
    }
}

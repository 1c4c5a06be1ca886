using System.Runtime.InteropServices;
using System.Text.Json;

namespace QmpBackup.Cli.Errors;

/// <summary>
/// Says why a file cannot be used, in the words of the operating system. The path is left out: the sentence around it names it.
/// </summary>
internal static class FailureText
{
    private const int MaxErrorNumber = 4095;

    public static string Of(Exception failure) => failure switch
    {
        FileNotFoundException => "no such file",
        DirectoryNotFoundException => "no such folder",
        PathTooLongException => "the name is too long",
        UnauthorizedAccessException { InnerException: IOException { HResult: > 0 and <= MaxErrorNumber } inner } => Of(inner.HResult),
        UnauthorizedAccessException => "permission denied",
        IOException { HResult: > 0 and <= MaxErrorNumber } e when OperatingSystem.IsLinux() => Of(e.HResult),
        IOException e => e.Message.TrimEnd('.'),
        ArgumentException => "it is not a path",
        _ => failure.Message.TrimEnd('.'),
    };

    /// <summary>What an error number of the operating system means.</summary>
    public static string Of(int errorNumber) =>
        Marshal.GetPInvokeErrorMessage(errorNumber) is { Length: > 1 } text ? char.ToLowerInvariant(text[0]) + text[1..]
            : $"error {errorNumber}";

    /// <summary>What is wrong with JSON that a person has written.</summary>
    public static string Of(JsonException failure)
    {
        var place = failure is { LineNumber: { } line, BytePositionInLine: { } column } ? $" at line {line + 1}, column {column + 1}" : "";
        return $"they end too early or are wrong{place}";
    }
}

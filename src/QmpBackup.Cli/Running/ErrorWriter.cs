using QmpBackup.Cli.Json;
using QmpBackup.Cli.Options;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>Writes failures to standard error.</summary>
internal static class ErrorWriter
{
    public static void Write(IConsole console, OutputFormat format, bool colour, ErrorReport report)
    {
        if (format == OutputFormat.Json)
        {
            WriteRaw(console, JsonText.Of(new ErrorDocument(new ErrorDto(report.Code, report.Message, report.Hint)), JsonText.Context.ErrorDocument));
            return;
        }

        var text = new TextDocument(colour);
        text.Write("error: ", Style.Bad).Line(report.Message);
        if (report.Hint is { } hint)
            text.Write("hint:  ", Style.Heading).Line(hint);
        WriteRaw(console, text.ToString());
    }

    /// <summary>Writes to standard error, which may be gone: that must not stop anything.</summary>
    public static void WriteRaw(IConsole console, string text)
    {
        try
        {
            console.Error.Write(text);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // There is nobody left to be told.
        }
    }
}

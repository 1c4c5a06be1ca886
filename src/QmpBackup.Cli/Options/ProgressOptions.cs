using System.CommandLine;
using QmpBackup.Cli.Rendering;
using QmpBackup.Cli.Running;

namespace QmpBackup.Cli.Options;

/// <summary>How progress is shown.</summary>
internal static class ProgressOptions
{
    public static readonly Option<ProgressStyle?> Progress = Choice.Of("--progress",
        "How progress is shown on standard error. auto: a line that is kept up to date where that is a terminal, else nothing. json: one document a line.",
        ("auto", ProgressStyle.Auto), ("plain", ProgressStyle.Plain), ("json", ProgressStyle.Json), ("none", ProgressStyle.None));

    public static ProgressLine Bind(CommandContext context)
    {
        var style = context.Arguments.GetValue(Progress) ?? ProgressStyle.Auto;
        if (style == ProgressStyle.Auto && (context.Settings.Quiet || !context.Console.IsErrorTerminal))
            style = ProgressStyle.None;
        return new ProgressLine(context.Console, style, TimeProvider.System);
    }
}

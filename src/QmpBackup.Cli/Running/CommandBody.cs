using System.CommandLine;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Logging;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>Runs the body of a command with logging, and turns every failure into one sentence and an exit code.</summary>
internal static class CommandBody
{
    /// <summary>Sets what the command does.</summary>
    public static void Runs(this Command command, Func<CommandContext, CancellationToken, Task<ExitCode>> body) =>
        command.SetAction(async (arguments, cancellationToken) =>
            (int)await RunAsync(arguments, (CliInvocation)arguments.InvocationConfiguration, body, cancellationToken)
                .ConfigureAwait(false));

    /// <summary>Sets what the command does; it either succeeds or throws.</summary>
    public static void Runs(this Command command, Func<CommandContext, CancellationToken, Task> body) =>
        command.Runs(async (context, cancellationToken) =>
        {
            await body(context, cancellationToken).ConfigureAwait(false);
            return ExitCode.Done;
        });

    private static async Task<ExitCode> RunAsync(
        ParseResult arguments, CliInvocation invocation, Func<CommandContext, CancellationToken, Task<ExitCode>> body,
        CancellationToken cancellationToken)
    {
        var (console, termination) = (invocation.Console, invocation.Termination);
        var settings = GlobalSettings.Of(arguments, console);
        CliLoggerFactory loggers;
        try
        {
            loggers = CliLoggerFactory.Create(console, settings);
        }
        catch (UsageException e)
        {
            ErrorWriter.Write(console, settings.Format, settings.ColourError, ErrorMap.Of(e));
            return ExitCode.Usage;
        }

        using (loggers)
        {
            var context = new CommandContext(arguments, invocation, settings, loggers);
            termination.OnCancelled = () =>
            {
                if (context.StoppingMessage is { } message)
                    context.Notice(message, Style.Warning);
            };
            termination.OnAbandoned = () => ErrorWriter.Write(console, settings.Format, settings.ColourError,
                new ErrorReport(ExitCode.Interrupted, "abandoned", context.AbandonedMessage ?? "Left before the end.",
                    context.AbandonedHint));
            try
            {
                return await body(context, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                var report = e is OperationCanceledException && cancellationToken.IsCancellationRequested
                    ? Interrupted(termination, context)
                    : ErrorMap.Of(e);
                if (!ErrorMap.IsExpected(e))
                    CliLog.Unexpected(loggers.CreateLogger("qbackup"), e);
                else
                    CliLog.Failed(loggers.CreateLogger("qbackup"), e, report.Code);
                if (e is OutputException { IsOfNoInterest: true } && settings.Format != OutputFormat.Json)
                    return report.Exit;
                ErrorWriter.Write(console, settings.Format, settings.ColourError, report);
                return report.Exit;
            }
        }
    }

    private static ErrorReport Interrupted(Termination termination, CommandContext context)
    {
        var exit = termination.Cause ?? ExitCode.Interrupted;
        return new ErrorReport(exit, exit == ExitCode.Interrupted ? "interrupted" : "terminated", context.InterruptedMessage,
            context.InterruptedHint);
    }
}

using System.CommandLine;
using System.Runtime.InteropServices;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Help;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Settings;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli;

/// <summary>The command, without the process around it.</summary>
internal static class App
{
    // '@' does not name a response file: 'qbackup qmp COMMAND @FILE' means the file's content.
    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="console">The streams.</param>
    /// <param name="cancellationToken">Cancelling it does what Ctrl-C does.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, IConsole console, CancellationToken cancellationToken = default)
    {
        using var termination = new Termination();
        var registration = cancellationToken.Register(() => termination.Handle(PosixSignal.SIGINT));
        await using (registration.ConfigureAwait(false))
        {
            return await RunAsync(args, console, termination).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a command line.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="console">The streams.</param>
    /// <param name="termination">What signals do.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, IConsole console, Termination termination)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(termination);
        var arguments = CommandTree.Root.Parse(args, Parser);
        if (arguments.Errors.Count > 0 && !Explains(arguments))
            return Refuse(arguments, console, UsageReport.Of(arguments));

        try
        {
            return await arguments.InvokeAsync(new CliInvocation(console, termination), termination.Token).ConfigureAwait(false);
        }
        catch (ReaderGoneException) when (Explains(arguments))
        {
            // 'qbackup --help | head' has read all that it wants.
            return (int)ExitCode.Done;
        }
        catch (IOException e) when (Explains(arguments))
        {
            ErrorWriter.Write(console, OutputFormat.Text, colour: false, ErrorMap.Of(OutputException.Of(e, null)));
            return (int)ExitCode.InternalError;
        }
    }

    /// <summary>Reports why a command line is not carried out.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(string[] args, IConsole console, ErrorReport report) =>
        Refuse(CommandTree.Root.Parse(args, Parser), console, report);

    private static int Refuse(ParseResult arguments, IConsole console, ErrorReport report)
    {
        var settings = GlobalSettings.Guess(arguments, console);
        ErrorWriter.Write(console, settings.Format, settings.ColourError, report);
        return (int)report.Exit;
    }

    // Help, version and completion also work for a command line that has errors.
    private static bool Explains(ParseResult arguments) =>
        arguments.Action is HelpWriter or VersionWriter or SuggestWriter;
}

using System.Globalization;
using System.Runtime.InteropServices;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Settings;
using QmpBackup.Qmp;

namespace QmpBackup.Cli.Running;

/// <summary>The process that guards a frozen guest. 'qbackup start' and 'run' start it; it is not for people.</summary>
internal static class GuardProcess
{
    public const string Word = "freeze-guard";

    /// <summary>The library that the .NET runtime must run; null if the program is qbackup itself, whatever its name.</summary>
    /// <param name="program">The path of the program of this process.</param>
    /// <param name="folder">Where qbackup's files are.</param>
    public static string? Library(string program, string folder) =>
        Path.GetFileNameWithoutExtension(program) == "dotnet" ? Path.Combine(folder, Product.Name + ".dll") : null;

    /// <summary>Serves its parent until the parent's pipe closes.</summary>
    /// <param name="arguments">The word, the agent's endpoint, the time limit in seconds, and mount points.</param>
    public static async Task<int> RunAsync(string[] arguments)
    {
        // Ctrl-C reaches the whole process group. This process only follows its parent's pipe: while the guest is frozen, nothing else
        // may end it.
        PosixSignalRegistration[] ignored = [Ignore(PosixSignal.SIGINT), Ignore(PosixSignal.SIGTERM), Ignore(PosixSignal.SIGHUP)];
        try
        {
            if (arguments.Length < 3 || !QmpEndpoint.TryParse(arguments[1], out var agent, out _)
                || !double.TryParse(arguments[2], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
                || seconds is not (> 0 and <= 3600))
            {
                return (int)ExitCode.Usage;
            }

            var request = new FreezeRequest { Timeout = TimeSpan.FromSeconds(seconds), Mountpoints = [.. arguments.Skip(3)] };
            await FreezeGuard.ServeAsync(Console.In, Console.Out, new AgentFreezer(agent), request).ConfigureAwait(false);
            return (int)ExitCode.Done;
        }
        catch (BackupException)
        {
            return (int)ExitCode.FreezeNotPossible;
        }
        finally
        {
            foreach (var signal in ignored)
                signal.Dispose();
        }
    }

    private static PosixSignalRegistration Ignore(PosixSignal signal) =>
        PosixSignalRegistration.Create(signal, context => context.Cancel = true);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text;

namespace QmpBackup.Host;

/// <summary>
/// Starts programs that end with this process, even if it is killed: through <c>setpriv --pdeathsig</c> of util-linux, which asks the
/// kernel for that. Without it, they are started anyway. They are killed, so that one that hangs ends too: what they write counts
/// only with the journal of this process, which counts only what was flushed before.
/// </summary>
internal static class BoundProcess
{
    // The kernel sends the signal when the thread that started the program ends: so one thread that never ends starts them all.
    private static readonly BlockingCollection<Action> Requests = StartThread();
    private static readonly Lazy<string?> Setpriv = new(FindSetpriv);

    // This process may be killed before the kernel is asked: then nothing would end the program.
    private static readonly string IfParentLives = $"[ \"$PPID\" = {Environment.ProcessId.ToString(CultureInfo.InvariantCulture)} ] && "
        + "exec \"$0\" \"$@\"";

    /// <summary>Starts a program.</summary>
    /// <param name="info">How; names neither program nor arguments.</param>
    /// <param name="program">The path or name of the program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public static Process Start(ProcessStartInfo info, string program, IEnumerable<string> arguments)
    {
        // If the program is missing, Process.Start must refuse it, not setpriv.
        if (Find(program) is { } found && Setpriv.Value is { } setpriv)
        {
            info.FileName = setpriv;
            foreach (var argument in (string[])["--pdeathsig", "KILL", "--", "/bin/sh", "-c", IfParentLives, found])
                info.ArgumentList.Add(argument);
        }
        else
        {
            info.FileName = program;
        }

        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        return OnThread(() => Process.Start(info)!);
    }

    private static Process OnThread(Func<Process> start)
    {
        using var done = new ManualResetEventSlim();
        Process? process = null;
        ExceptionDispatchInfo? failure = null;
        Requests.Add(() =>
        {
            try
            {
                process = start();
            }
#pragma warning disable CA1031 // It is the caller's, whatever it is.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                done.Set();
            }
        });
        done.Wait();
        failure?.Throw();
        return process!;
    }

    private static BlockingCollection<Action> StartThread()
    {
        var requests = new BlockingCollection<Action>();
        new Thread(() =>
        {
            foreach (var request in requests.GetConsumingEnumerable())
                request();
        })
        { IsBackground = true, Name = "process starter" }.Start();
        return requests;
    }

    private static string? FindSetpriv()
    {
        if (!OperatingSystem.IsLinux() || Find("setpriv") is not { } path)
            return null;
        try
        {
            // The setpriv of busybox has no --pdeathsig.
            using var probe = Process.Start(new ProcessStartInfo(path, ["--pdeathsig", "KILL", "--", "/bin/sh", "-c",
                "exec \"$0\" --version", path])
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
            probe.StandardOutput.ReadToEnd();
            probe.WaitForExit();
            return probe.ExitCode == 0 ? path : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string? Find(string program)
    {
        if (program.Contains('/', StringComparison.Ordinal))
            return IsExecutable(program) ? Path.GetFullPath(program) : null;
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, program)).FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && !OperatingSystem.IsWindows()
        && (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}

/// <summary>Reads what a program prints, so that it never blocks, and keeps the end: that is where it says why it failed.</summary>
internal static class ProcessText
{
    private const int Kept = 4096;
    private const string Cut = "… ";

    /// <summary>Reads to the end.</summary>
    /// <param name="reader">The program's output.</param>
    /// <returns>The last lines, as one line without control characters.</returns>
    public static async Task<string> ReadAsync(TextReader reader)
    {
        var buffer = new char[1024];
        var text = new StringBuilder();
        var isCut = false;
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length <= Kept)
                continue;
            text.Remove(0, text.Length - Kept);
            isCut = true;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
                text[i] = ' ';
        }

        return (isCut ? Cut : "") + text.ToString().Trim().TrimEnd('.');
    }
}

/// <summary>Limits of this process that the programs it starts inherit.</summary>
internal static class ProcessLimits
{
    private const int OpenFiles = 7;

    private static readonly Lazy<bool> Raised = new(Raise);

    /// <summary>Allows as many open files as there may be: a chain has two for each point.</summary>
    public static void RaiseOpenFiles() => _ = Raised.Value;

    private static bool Raise() => !OperatingSystem.IsLinux() || (Syscalls.Getrlimit(OpenFiles, out var limit) == 0
        && (limit.Current >= limit.Most || Syscalls.Setrlimit(OpenFiles, limit with { Current = limit.Most }) == 0));
}

/// <summary>Tells one process from a later one with the same number.</summary>
internal static class ProcessAge
{
    // Of the fields after the name, which may hold anything.
    private const int BeganAtField = 19;

    /// <summary>When a process began, in ticks since the boot.</summary>
    /// <param name="pid">The process.</param>
    /// <returns>Null where there is no such process, or it cannot be seen.</returns>
    public static long? BeganAt(int pid)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > BeganAtField && fields[0] is not ("Z" or "X")
                && long.TryParse(fields[BeganAtField], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace QmpBackup.Testing;

/// <summary>A child process with its output captured by lines; killed at the latest when the test host ends.</summary>
public sealed class RunningCommand : IAsyncDisposable
{
    private readonly Process _process;
    private readonly TimeSpan _timeout;
    private readonly Task _pumps;

    private RunningCommand(Process process, string commandLine, TimeSpan timeout)
    {
        _process = process;
        _timeout = timeout;
        CommandLine = commandLine;
        Id = process.Id;
        _pumps = Task.WhenAll(PumpAsync(process.StandardOutput, Stdout), PumpAsync(process.StandardError, Stderr));
    }

    /// <summary>Process id.</summary>
    public int Id { get; }

    /// <summary>For messages.</summary>
    public string CommandLine { get; }

    /// <summary>Lines printed on stdout.</summary>
    public LineLog Stdout { get; } = new();

    /// <summary>Lines printed on stderr.</summary>
    public LineLog Stderr { get; } = new();

    /// <summary>Whether the process is gone.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a process.</summary>
    public static RunningCommand Start(string file, IEnumerable<string> arguments, CommandOptions? options = null)
    {
        options ??= new CommandOptions();
        var info = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = options.WorkingDirectory ?? "",
        };
        foreach (var argument in arguments)
            info.ArgumentList.Add(argument);
        foreach (var (name, value) in options.Environment)
            info.Environment[name] = value;
        var process = Process.Start(info) ?? throw new InvalidOperationException($"{file} did not start");
        var command = new RunningCommand(process, $"{file} {string.Join(' ', info.ArgumentList)}", options.Timeout);
        Reaper.Add(command.Id);
        try
        {
            process.StandardInput.Write(options.Input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The process closed its stdin before it read everything.
        }

        return command;
    }

    /// <summary>Sends a signal; false when the process is gone already.</summary>
    public bool Send(Signal signal)
    {
        if (_process.HasExited)
            return false;
        if (Kill(Id, (int)signal) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == 3 ? false : throw new Win32Exception();
    }

    /// <summary>Waits for <paramref name="moment"/> (a rule of a proxy, a line on stderr …), then sends the signal.</summary>
    public async Task<bool> SendAtAsync(Signal signal, Task moment)
    {
        await moment.WaitAsync(_timeout);
        return Send(signal);
    }

    /// <summary>Waits for the end of the process and of its output.</summary>
    /// <exception cref="TimeoutException">It did not end in time; it was killed.</exception>
    public async Task<CommandResult> WaitAsync(CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);

            // A grandchild may hold the pipes open for longer than the process itself lives.
            await _pumps.WaitAsync(TimeSpan.FromSeconds(5), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Send(Signal.Kill);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"No end within {_timeout}: {Describe()}");
        }
        catch (TimeoutException)
        {
            // The exit code and the output so far are worth more than an error.
        }

        return new CommandResult(CommandLine, _process.ExitCode, Stdout.Text, Stderr.Text);
    }

    /// <summary>Command line, state and output so far, for messages.</summary>
    public string Describe()
    {
        var state = _process.HasExited ? $"exit code {_process.ExitCode}" : "running";
        return $"{CommandLine}\n{state}\n--- stdout\n{Stdout.Text}\n--- stderr\n{Stderr.Text}";
    }

    /// <summary>Kills the process if it is still there.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Send(Signal.Kill))
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(10));
        Reaper.Remove(Id);
        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Kill(int pid, int signal);

    private static async Task PumpAsync(StreamReader reader, LineLog log)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                log.Add(line);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The process was disposed of.
        }

        log.Add(null);
    }
}

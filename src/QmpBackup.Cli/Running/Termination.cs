using System.Runtime.InteropServices;
using QmpBackup.Cli.Errors;

namespace QmpBackup.Cli.Running;

/// <summary>
/// What happens on SIGINT, SIGTERM and SIGHUP. The first signal cancels, and the command rolls back, however long that takes.
/// A second SIGINT means that the user does not want to wait: it prints what may remain and ends the process.
/// </summary>
internal sealed class Termination : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _cause;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>The exit code that the first signal asks for; null if there was no signal.</summary>
    public ExitCode? Cause => Volatile.Read(ref _cause) is var cause and not 0 ? (ExitCode)cause : null;

    /// <summary>Runs at the first signal.</summary>
    internal Action? OnCancelled { get; set; }

    /// <summary>Runs at a second SIGINT, right before the process ends.</summary>
    internal Action? OnAbandoned { get; set; }

    /// <summary>Ends the process. Tests replace it.</summary>
    internal Action<ExitCode> Exit { get; init; } = static code => Environment.Exit((int)code);

    /// <summary>Handles the signals of this process.</summary>
    public static Termination OfProcess()
    {
        var termination = new Termination();
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            termination._registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                termination.Handle(signal);
            }));
        }

        return termination;
    }

    internal void Handle(PosixSignal signal)
    {
        var code = signal == PosixSignal.SIGINT ? ExitCode.Interrupted : ExitCode.Terminated;
        if (Interlocked.CompareExchange(ref _cause, (int)code, 0) == 0)
        {
            OnCancelled?.Invoke();
            // Cancelled code runs on another thread: the handler must return at once, or the next signal is not handled.
            _ = _source.CancelAsync();
        }
        else if (signal == PosixSignal.SIGINT)
        {
            OnAbandoned?.Invoke();
            Exit(ExitCode.Interrupted);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Not the source: a signal may just be using it, and it holds nothing that must be freed.
        foreach (var registration in _registrations)
            registration.Dispose();
    }
}

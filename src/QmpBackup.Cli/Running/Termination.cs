using System.Runtime.InteropServices;
using QmpBackup.Cli.Errors;

namespace QmpBackup.Cli.Running;

/// <summary>
/// What happens on SIGINT, SIGTERM and SIGHUP. The first cancels, and whatever runs rolls back, however long that takes. A second SIGINT is from somebody who does not
/// want to wait: it says what may be left and ends the process.
/// </summary>
internal sealed class Termination : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _cause;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>How the process is to end because of the first signal; null where there was none.</summary>
    public ExitCode? Cause => Volatile.Read(ref _cause) is var cause and not 0 ? (ExitCode)cause : null;

    /// <summary>Told of the first signal, with what came of it.</summary>
    internal Action? OnCancelled { get; set; }

    /// <summary>Told of a second SIGINT, right before the process ends.</summary>
    internal Action? OnAbandoned { get; set; }

    /// <summary>Ends the process; another one in tests.</summary>
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
            // What is cancelled runs elsewhere: a signal is handled at once, or the next one is not.
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
        // Not the source: a signal may be on its way to it, and there is nothing in it to be freed.
        foreach (var registration in _registrations)
            registration.Dispose();
    }
}

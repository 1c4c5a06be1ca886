using System.CommandLine;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Running;

/// <summary>What an invocation has besides its arguments. The tree of commands is made once for all invocations and knows none of this.</summary>
internal sealed class CliInvocation : InvocationConfiguration
{
    public CliInvocation(IConsole console, Termination termination)
    {
        Console = console;
        Termination = termination;
        Output = console.Out;
        Error = console.Error;
        // Failures become exit codes in one place, and signals have a handler that waits for the roll-back.
        EnableDefaultExceptionHandler = false;
        ProcessTerminationTimeout = null;
    }

    public IConsole Console { get; }

    public Termination Termination { get; }
}

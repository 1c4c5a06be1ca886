using QmpBackup.Cli;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

// Before anything is written: see there.
if (!StandardDescriptors.Ensure())
    return (int)ExitCode.InternalError;
if (args is [GuardProcess.Word, ..])
    return await GuardProcess.RunAsync(args).ConfigureAwait(false);

var console = new SystemConsole();
if (ArgumentBytes.Refuse(args, console) is { } refused)
    return (int)refused;

using var termination = Termination.OfProcess();
return await App.RunAsync(args, console, termination).ConfigureAwait(false);

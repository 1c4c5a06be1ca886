using QmpBackup.Cli;
using QmpBackup.Cli.Errors;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

// First of all: without standard streams, what is written goes into other files.
if (!StandardDescriptors.Ensure())
    return (int)ExitCode.InternalError;
if (args is [GuardProcess.Word, ..])
    return await GuardProcess.RunAsync(args).ConfigureAwait(false);

var console = new SystemConsole();
if (ArgumentBytes.Check(args) is { } report)
    return App.Refuse(args, console, report);

using var termination = Termination.OfProcess();
return await App.RunAsync(args, console, termination).ConfigureAwait(false);

using QmpBackup.Cli;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

// Before anything is written: see there.
if (!StandardDescriptors.Ensure()) return (int)ExitCode.InternalError;
if (args is [GuardProcess.Word, ..]) return await GuardProcess.RunAsync(args).ConfigureAwait(false);

using var termination = Termination.OfProcess();
return await App.RunAsync(args, new SystemConsole(), termination).ConfigureAwait(false);

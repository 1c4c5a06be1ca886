using QmpBackup.Cli;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

if (args is [GuardProcess.Word, ..]) return await GuardProcess.RunAsync(args).ConfigureAwait(false);

using var termination = Termination.OfProcess();
return await App.RunAsync(args, new SystemConsole(), termination).ConfigureAwait(false);

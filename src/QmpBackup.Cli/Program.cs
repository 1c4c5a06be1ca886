using QmpBackup.Cli;
using QmpBackup.Cli.Running;
using QmpBackup.Cli.Terminal;

using var termination = Termination.OfProcess();
return await App.RunAsync(args, new SystemConsole(), termination).ConfigureAwait(false);

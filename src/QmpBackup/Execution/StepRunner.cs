using System.Text.Json;
using Microsoft.Extensions.Logging;
using QmpBackup.Host;
using QmpBackup.Nbd;
using QmpBackup.Planning;
using QmpBackup.Qmp;

namespace QmpBackup.Execution;

/// <summary>Runs one step: the only place where a plan meets QEMU and the file system.</summary>
internal sealed class StepRunner
{
    // A frozen guest cannot wait that long.
    private static readonly TimeSpan WhileFrozen = TimeSpan.FromSeconds(10);

    // A server at its limit of clients makes others wait.
    private static readonly TimeSpan ExportTimeout = TimeSpan.FromSeconds(10);

    private readonly IQmpClient _client;
    private readonly TimeProvider _time;
    private readonly FreezeWindow _freeze;
    private readonly ILogger _logger;

    // The command of the commit point, when QEMU has it up to its last byte.
    private (QmpRequest Request, QmpPreparedCommand<JsonElement> Command)? _ahead;

    public StepRunner(IQmpClient client, TimeProvider time, FreezeWindow freeze, ILogger logger) =>
        (_client, _time, _freeze, _logger) = (client, time, freeze, logger);

    /// <summary>The time in which the guest is frozen.</summary>
    public FreezeWindow Freeze => _freeze;

    /// <summary>Thaws the guest if it may be frozen.</summary>
    public Task ThawAsync() => _freeze.ThawAsync();

    /// <summary>Makes QEMU forget a command that it has up to its last byte. Until then it takes no other.</summary>
    public Task ForgetAsync() => _ahead?.Command.DiscardAsync() ?? Task.CompletedTask;

    /// <summary>Runs it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="ends">Knows what has ended since the first step.</param>
    /// <param name="cancellationToken">Ends a wait.</param>
    public Task RunAsync(PlanStep step, EndWatch ends, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case PrepareFreezeStep prepare:
                return _freeze.PrepareAsync(prepare.Request, cancellationToken);
            case SendAheadStep ahead:
                return SendAheadAsync(ahead.Request, cancellationToken);
            case FreezeStep freeze:
                return _freeze.FreezeAsync(freeze.Request);
            case ThawStep:
                return _freeze.CloseAsync();
            case CommandStep command:
                ends.OnCommand(command.Request.Command);
                return ExecuteAsync(command);
            case AwaitJobStep job:
                return ends.AwaitAsync(job, cancellationToken);
            case AwaitExportGoneStep export:
                return ends.AwaitAsync(export, cancellationToken);
            case MakeFolderStep folder:
                ScratchStorage.Make(folder.Path, folder.Owner, folder.Mark);
                return Task.CompletedTask;
            case RemoveFolderStep folder:
                Note(folder.Path, ScratchStorage.Remove(folder.Path, folder.Owner));
                return Task.CompletedTask;
            case RemoveFileStep file:
                Note(file.Path, ScratchStorage.RemoveFile(file.Path, file.Owner));
                return Task.CompletedTask;
            case RequireSpaceStep space:
                ScratchStorage.RequireSpace(space.Path, space.Bytes, space.LargestFile, space.Process);
                return Task.CompletedTask;
            case RequireExportStep export:
                return RequireExportAsync(export, cancellationToken);
            case RequireFreePathStep { Path: var path }:
                return Path.Exists(path)
                    ? throw new BackupException(BackupErrorCode.InvalidArgument, $"There is something at {path} already.",
                        Advice.Of($"Give a path with {Feature.Nbd} where nothing is: QEMU would remove what is there."))
                    : Task.CompletedTask;
            default:
                throw new InvalidOperationException($"A step of an unknown kind: {step.GetType()}.");
        }
    }

    private async Task RequireExportAsync(RequireExportStep step, CancellationToken cancellationToken)
    {
        try
        {
            var options = new NbdClientOptions { HandshakeTimeout = ExportTimeout, TimeProvider = _time, ServerProcess = step.Server };
            await NbdClient.GetExportInfoAsync(step.Uri, options, cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw new BackupException(BackupErrorCode.CommandRefused, $"The backup cannot be read at {step.Uri}: {e.Message.TrimEnd('.')}.",
                Advice.Of(
                    $"Name the address of this QEMU's own NBD server with {Feature.Nbd}, and with {Feature.TlsCreds} if it wants TLS."), e);
        }
    }

    // A file that cannot be removed must not keep a backup open, or a guest stopped.
    private void Note(string path, string? obstacle)
    {
        if (obstacle is not null)
            WorkflowLog.NotRemoved(_logger, path, obstacle);
    }

    // A command that was sent is waited for, up to the client's time limit: else it would not be known what QEMU did.
    private async Task ExecuteAsync(CommandStep command)
    {
        try
        {
            var request = command is NoteStep note ? note.RequestAfter(_freeze.Length, _freeze.ThawProblem is not null) : command.Request;
            await SendAsync(request).ConfigureAwait(false);
        }
        catch (QmpCommandException) when (command.MayBeRefused)
        {
        }
    }

    private Task<JsonElement> SendAsync(QmpRequest request)
    {
        if (_ahead is { } ahead && ReferenceEquals(ahead.Request, request))
        {
            return _freeze.IsOpen
                ? ahead.Command.CommitAsync(WhileFrozen, CancellationToken.None) : ahead.Command.CommitAsync(CancellationToken.None);
        }

        return _freeze.IsOpen
            ? _client.ExecuteAsync(request, WhileFrozen, CancellationToken.None)
            : _client.ExecuteAsync(request, CancellationToken.None);
    }

    private async Task SendAheadAsync(QmpRequest request, CancellationToken cancellationToken) =>
        _ahead = (request, await _client.PrepareAsync(request, cancellationToken).ConfigureAwait(false));
}

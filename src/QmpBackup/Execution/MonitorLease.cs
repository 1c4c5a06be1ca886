using Microsoft.Extensions.Logging;
using QmpBackup.Host;
using QmpBackup.Qmp;
using QmpBackup.Qmp.Qapi;

namespace QmpBackup.Execution;

/// <summary>
/// The connection to QEMU. A QMP socket serves one client at a time, so work that lasts for hours must not keep it. Within
/// <see cref="LetGo"/> it is open only while a caller holds it, or it is a monitor of its own, which keeps no other client out. A caller
/// holds it while it asks QEMU something. A start that freezes the guest must not be interrupted, and holds it from the beginning to the
/// end.
/// </summary>
internal sealed class MonitorLease : IAsyncDisposable
{
    // How long another client may have the socket before a question fails.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A full queue of waiting clients is refused at once.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Func<CancellationToken, Task<IQmpClient>> _connect;
    private readonly bool _keeps;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private int _pid;
    private long? _beganAt;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private string? _uuid;
    private int _holds;
    private int _scopes;
    private bool _isAway;
    private bool _isOwn;
    private volatile bool _isDisposed;

    /// <summary>A lease on an open connection.</summary>
    /// <param name="connect">Opens another one to the same VM.</param>
    /// <param name="client">The open connection.</param>
    /// <param name="keeps">Whether it is never let go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where messages go.</param>
    public MonitorLease(
        Func<CancellationToken, Task<IQmpClient>> connect, IQmpClient client, bool keeps, TimeProvider time, ILogger logger)
    {
        (_connect, Client, _keeps, _time, _logger) = (connect, client, keeps, time, logger);
        _pid = client.PeerCredentials?.ProcessId ?? 0;
        _beganAt = ProcessAge.BeganAt(_pid);
    }

    /// <summary>The connection. It is open while somebody holds it.</summary>
    public IQmpClient Client { get; private set; }

    /// <summary>Whether the connection is closed when the last holder leaves: then events in between are missed.</summary>
    public bool IsLetGo => _scopes > 0 && !_keeps && !_isOwn;

    /// <summary>Whether a connection that is lost is opened again by the next holder.</summary>
    public bool Returns => _scopes > 0 && !_keeps;

    /// <summary>From here on until the result is disposed of, the connection is open only while somebody holds it.</summary>
    public IDisposable LetGo() => new Scope(this);

    /// <summary>Opens the connection if it was let go, and keeps it open until the result is disposed of.</summary>
    /// <param name="cancellationToken">Stops the waiting for another client of the socket.</param>
    /// <param name="takesAnyProcess">
    /// Whether the VM may have been started again: for what touches nothing but one backup, whose names no other VM has.
    /// </param>
    /// <exception cref="QmpConnectException">The VM has ended, or another client had the socket for too long.</exception>
    /// <exception cref="BackupException">Another VM answers there.</exception>
    public async Task<IAsyncDisposable> HoldAsync(CancellationToken cancellationToken, bool takesAnyProcess = false)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_isDisposed && (_isAway || (Returns && Client.Completion.IsCompleted)))
                await ConnectAsync(takesAnyProcess, cancellationToken).ConfigureAwait(false);
            _holds++;
            return new Hold(this);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Opens another connection in place of one that was lost, or does not answer. The VM may have been started again.
    /// </summary>
    /// <exception cref="QmpConnectException">There is no VM any more, or another client had the socket for too long.</exception>
    public async Task ReconnectAsync()
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await Client.DisposeAsync().ConfigureAwait(false);
            await ConnectAsync(takesAnyProcess: true, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Moves to a monitor of its own, so that the given socket is free, where QEMU can make one.</summary>
    /// <param name="open">Makes the monitor and connects to it; null where it cannot be made.</param>
    public async Task MoveAsync(Func<IQmpClient, Task<IQmpClient?>> open)
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            // Others that are in the middle of a question keep the connection that they have.
            if (!IsLetGo || _holds != 1 || await open(Client).ConfigureAwait(false) is not { } own)
                return;
            own.TakeSchemaOf(Client);
            await Client.DisposeAsync().ConfigureAwait(false);
            (Client, _isOwn) = (own, true);
            MonitorLog.IsOwn(_logger);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        // Work that was left to itself must not connect again.
        _isDisposed = true;
        return Client.DisposeAsync();
    }

    private async ValueTask ReleaseAsync()
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (--_holds > 0 || !IsLetGo || _isAway)
                return;
            _uuid ??= await UuidAsync(Client).ConfigureAwait(false);
            _isAway = true;
            await Client.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task ConnectAsync(bool takesAnyProcess, CancellationToken cancellationToken)
    {
        var since = _time.GetTimestamp();
        for (var isTold = false; ; isTold = true)
        {
            try
            {
                var client = await _connect(cancellationToken).ConfigureAwait(false);
                if (await IsSameAsync(client).ConfigureAwait(false))
                    client.TakeSchemaOf(Client);
                else
                    await TakeAsync(client, takesAnyProcess).ConfigureAwait(false);
                (Client, _isAway, _isOwn) = (client, false, false);
                return;
            }
            catch (QmpConnectException e) when (
                e.Reason is QmpConnectFailure.NoGreeting or QmpConnectFailure.Timeout or QmpConnectFailure.Negotiation
                && _time.GetElapsedTime(since) < Patience)
            {
                if (!isTold)
                    MonitorLog.Busy(_logger, e.Message);
                await Task.Delay(Pause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<bool> IsSameAsync(IQmpClient client)
    {
        var pid = client.PeerCredentials?.ProcessId ?? 0;
        return pid == _pid && (pid > 0 ? ProcessAge.BeganAt(pid) == _beganAt
            : _uuid is null || await UuidAsync(client).ConfigureAwait(false) == _uuid);
    }

    // While the socket was let go the VM may have ended, and another one may listen there now.
    private async Task TakeAsync(IQmpClient client, bool takesAnyProcess)
    {
        if (takesAnyProcess)
        {
            _pid = client.PeerCredentials?.ProcessId ?? 0;
            (_beganAt, _uuid) = (ProcessAge.BeganAt(_pid), null);
            return;
        }

        await client.DisposeAsync().ConfigureAwait(false);
        throw new BackupException(BackupErrorCode.BackupFailed, "The VM has ended: another process answers at its QMP socket now.",
            Advice.Of($"Nothing was changed there. {Feature.Run} takes the next backup of the VM that runs now."));
    }

    // Only where the process is not visible: over TCP, or from another container.
    private async Task<string?> UuidAsync(IQmpClient client)
    {
        try
        {
            return _pid > 0 ? null : (await client.QueryUuidAsync(CancellationToken.None).ConfigureAwait(false)).Uuid;
        }
        catch (QmpException)
        {
            // A storage daemon has none. The names of the backup are random: nothing of another VM can have them.
            return null;
        }
    }

    private sealed class Hold(MonitorLease lease) : IAsyncDisposable
    {
        private int _isReleased;

        public ValueTask DisposeAsync() => Interlocked.Exchange(ref _isReleased, 1) == 0 ? lease.ReleaseAsync() : ValueTask.CompletedTask;
    }

    private sealed class Scope : IDisposable
    {
        private MonitorLease? _lease;

        public Scope(MonitorLease lease)
        {
            _lease = lease;
            Interlocked.Increment(ref lease._scopes);
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _lease, null) is { } lease)
                Interlocked.Decrement(ref lease._scopes);
        }
    }
}

internal static partial class MonitorLog
{
    [LoggerMessage(WorkflowLogEvents.MonitorBusyId, LogLevel.Warning,
        "Another client has the QMP socket; waiting until it leaves. {Reason}", EventName = "MonitorBusy")]
    public static partial void Busy(ILogger logger, string reason);

    [LoggerMessage(WorkflowLogEvents.OwnMonitorId, LogLevel.Information,
        "QEMU has made a monitor for this backup alone; the QMP socket is free for others", EventName = "OwnMonitor")]
    public static partial void IsOwn(ILogger logger);

    [LoggerMessage(WorkflowLogEvents.NoOwnMonitorId, LogLevel.Information,
        "QEMU cannot make a monitor for this backup alone ({Reason}); the QMP socket is let go between two questions",
        EventName = "NoOwnMonitor")]
    public static partial void IsNotOwn(ILogger logger, string reason);
}

using QmpBackup.Qmp;

namespace QmpBackup;

/// <summary>
/// Freezes and thaws the guest's file systems. Whoever implements it answers for the guest: when it is disposed, nothing is frozen any more, or it said
/// that it could not be helped.
/// </summary>
public interface IGuestFreezer : IAsyncDisposable
{
    /// <summary>Gets everything ready that takes time: connects, and finds out whether the agent can freeze at all.</summary>
    /// <param name="cancellationToken">Stops the trying.</param>
    /// <returns>Why freezing is not possible, in a sentence; null if it is.</returns>
    Task<string?> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Freezes. Never throws for what the guest did: the outcome says it.</summary>
    /// <param name="request">How.</param>
    Task<FreezeOutcome> FreezeAsync(FreezeRequest request);

    /// <summary>Thaws, and does not give up before the guest says that it is thawed or the time for it is over. Harmless where nothing is frozen.</summary>
    /// <returns>
    /// How long the guest was frozen at the most: from the freeze being asked for to the thaw being confirmed. Null if it may have been thawed before this was
    /// called: what was done meanwhile was not done to a frozen guest.
    /// </returns>
    /// <exception cref="BackupException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
    Task<TimeSpan?> ThawAsync();
}

/// <summary>Freezes by the guest agent, from this process. If this process is killed meanwhile nobody thaws: see <see cref="GuardedFreezer"/>.</summary>
public sealed class AgentFreezer : IGuestFreezer
{
    /// <summary>How long it is tried to thaw a guest before a person is asked to: 60 seconds.</summary>
    public static readonly TimeSpan ThawBudget = TimeSpan.FromSeconds(60);

    // Windows lets nobody hold its writes for more than 10 seconds, and says so by an error when it is asked to thaw.
    private static readonly TimeSpan SureToHold = TimeSpan.FromSeconds(8);

    private readonly GuestAgentClient _agent;
    private readonly TimeProvider _time;
    private GuestFreeze? _freeze;
    private long _since;
    private bool _mayBeFrozen;

    /// <summary>Freezes by the agent behind this socket.</summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the agent is talked to; null for the defaults.</param>
    public AgentFreezer(QmpEndpoint endpoint, GuestAgentOptions? options = null) =>
        (_agent, _time) = (GuestAgentClient.Create(endpoint, options), options?.TimeProvider ?? TimeProvider.System);

    /// <summary>Thaws a guest that something left frozen, and does not give up before it says that it is thawed or the time for it is over.</summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the agent is talked to; null for the defaults.</param>
    /// <returns>How many file systems were thawed; null if the agent did not say. 0: nothing was frozen.</returns>
    /// <exception cref="GuestAgentUnavailableException">There is no such socket, or it may not be opened.</exception>
    /// <exception cref="BackupException">The guest may still be frozen.</exception>
    public static async Task<long?> ThawAsync(QmpEndpoint endpoint, GuestAgentOptions? options = null)
    {
        var agent = GuestAgentClient.Create(endpoint, options);
        await using (agent.ConfigureAwait(false))
        {
            try
            {
                // Where there is no socket there is nothing to go on trying with.
                await agent.SynchronizeAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (GuestAgentUnavailableException e) when (e.Reason is GuestAgentUnavailableReason.NotFound or GuestAgentUnavailableReason.PermissionDenied)
            {
                throw;
            }
            catch (GuestAgentException)
            {
            }

            try
            {
                return (await GuestFreeze.ThawGuestAsync(agent, ThawBudget).ConfigureAwait(false)).FileSystems;
            }
            catch (GuestAgentException e)
            {
                throw NotThawed(e);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _agent.SynchronizeAsync(cancellationToken).ConfigureAwait(false);
            await _agent.GuestInfoAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (GuestAgentException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public async Task<FreezeOutcome> FreezeAsync(FreezeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            _freeze = await GuestFreeze.FreezeAsync(
                _agent,
                new GuestFreezeOptions { Mountpoints = request.Mountpoints, Timeout = request.Timeout, ThawBudget = ThawBudget },
                CancellationToken.None).ConfigureAwait(false);
            _since = _time.GetTimestamp();
            return _freeze.FileSystems > 0
                ? new FreezeOutcome((int)Math.Min(_freeze.FileSystems, int.MaxValue), null)
                : new FreezeOutcome(0, "The agent found no file system to freeze.");
        }
        catch (GuestThawException e)
        {
            _mayBeFrozen = true;
            throw NotThawed(e);
        }
        catch (GuestAgentCommandUnavailableException e) when (e.Reason == GuestAgentCommandUnavailableReason.AlreadyFrozen)
        {
            return new FreezeOutcome(0, $"{e.Message} 'qbackup thaw --agent …' does that.");
        }
        catch (GuestAgentException e)
        {
            return new FreezeOutcome(0, e.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ThawAsync()
    {
        if (_freeze is null && !_mayBeFrozen)
            return TimeSpan.Zero;
        try
        {
            if (_freeze is null)
            {
                await GuestFreeze.ThawGuestAsync(_agent, ThawBudget).ConfigureAwait(false);
                _mayBeFrozen = false;
                return null;
            }

            var isSure = _time.GetElapsedTime(_since) < SureToHold;
            var thaw = await _freeze.ThawAsync(ThawBudget).ConfigureAwait(false);
            // Nothing was left to be thawed: somebody else has done it, or the guest by itself.
            var wasFrozen = thaw.FileSystems is { } count ? count > 0 : isSure;
            return _freeze.FileSystems > 0 && !wasFrozen ? null : _freeze.Window ?? TimeSpan.Zero;
        }
        catch (GuestAgentException e)
        {
            throw NotThawed(e);
        }
    }

    /// <summary>Thaws what is still frozen, and lets the agent go.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await ThawAsync().ConfigureAwait(false);
        }
        finally
        {
            await _agent.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static BackupException NotThawed(Exception e) => new(BackupErrorCode.FreezeFailed, e.Message,
        "Thaw it by hand: 'qbackup thaw --agent …', or guest-fsfreeze-thaw on the agent's socket, or fsfreeze -u in the guest.", e);
}

using QmpBackup.Qmp;
using QmpBackup.Qmp.Agent;

namespace QmpBackup;

/// <summary>
/// Freezes and thaws the guest's file systems. After it is disposed, nothing is frozen, or it threw an exception that says so.
/// </summary>
public interface IGuestFreezer : IAsyncDisposable
{
    /// <summary>Does everything that takes time before the freeze: connects, and asks the agent whether it can freeze.</summary>
    /// <param name="cancellationToken">Stops the attempt.</param>
    /// <returns>Why freezing is not possible, in a sentence; null if it is.</returns>
    Task<string?> PrepareAsync(CancellationToken cancellationToken);

    /// <summary>Freezes. A guest that does not freeze is no exception: the outcome says so.</summary>
    /// <param name="request">How to freeze.</param>
    Task<FreezeOutcome> FreezeAsync(FreezeRequest request);

    /// <summary>
    /// Thaws, and tries until the guest confirms it or the time limit ends. Does nothing if nothing is frozen.
    /// </summary>
    /// <returns>
    /// The longest time that the guest can have been frozen: from the request to freeze to the confirmed thaw. Null if it may have been
    /// thawed before this call, so that it was not frozen all the time.
    /// </returns>
    /// <exception cref="BackupException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
    Task<TimeSpan?> ThawAsync();
}

/// <summary>
/// Freezes with the guest agent, from this process. If this process is killed, the guest stays frozen: see <see cref="GuardedFreezer"/>.
/// </summary>
public sealed class AgentFreezer : IGuestFreezer
{
    /// <summary>How long to try to thaw a guest: 60 seconds. After that, a person must do it.</summary>
    public static readonly TimeSpan ThawBudget = TimeSpan.FromSeconds(60);

    // Windows holds writes for at most 10 seconds, and then answers the thaw with an error.
    private static readonly TimeSpan SureToHold = TimeSpan.FromSeconds(8);

    /// <summary>The outcome for a guest that something else has frozen.</summary>
    internal static readonly FreezeOutcome FrozenBefore = new(0, "Something else has frozen the guest already.") { WasFrozenBefore = true };

    private readonly GuestAgentClient _agent;
    private readonly TimeProvider _time;
    private GuestFreeze? _freeze;
    private long _since;
    private bool _mayBeFrozen;

    /// <summary>Makes a freezer for the agent at this socket.</summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the client talks to the agent; null for the defaults.</param>
    public AgentFreezer(QmpEndpoint endpoint, GuestAgentOptions? options = null) =>
        (_agent, _time) = (GuestAgentClient.Create(endpoint, options), options?.TimeProvider ?? TimeProvider.System);

    /// <summary>
    /// Thaws a guest that was left frozen. Tries until the guest confirms it or the time limit ends.
    /// </summary>
    /// <param name="endpoint">Where QEMU listens for the client of the agent's port.</param>
    /// <param name="options">How the client talks to the agent; null for the defaults.</param>
    /// <returns>How many file systems were thawed; null if the agent did not say. 0: nothing was frozen.</returns>
    /// <exception cref="GuestAgentUnavailableException">The socket does not exist, or this user may not open it.</exception>
    /// <exception cref="BackupException">The guest may still be frozen.</exception>
    public static async Task<long?> ThawAsync(QmpEndpoint endpoint, GuestAgentOptions? options = null)
    {
        var agent = GuestAgentClient.Create(endpoint, options);
        await using (agent.ConfigureAwait(false))
        {
            try
            {
                // Without a socket another try cannot succeed.
                await agent.SynchronizeAsync(CancellationToken.None).ConfigureAwait(false);
            }
            catch (GuestAgentUnavailableException e) when (
                e.Reason is GuestAgentUnavailableReason.NotFound or GuestAgentUnavailableReason.PermissionDenied)
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
            return FrozenBefore;
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
            // Nothing was frozen any more: another client, or the guest itself, has thawed it.
            var wasFrozen = thaw.FileSystems is { } count ? count > 0 : isSure;
            return _freeze.FileSystems > 0 && !wasFrozen ? null : _freeze.Window ?? TimeSpan.Zero;
        }
        catch (GuestAgentException e)
        {
            throw NotThawed(e);
        }
    }

    /// <summary>Thaws what is still frozen, and closes the connection to the agent.</summary>
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
        Advice.Of($"Thaw it by hand: {Feature.Thaw}, or guest-fsfreeze-thaw on the agent's socket, or fsfreeze -u in the guest."), e);
}

using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp;

/// <summary>What to freeze, and the time limits.</summary>
public sealed record GuestFreezeOptions
{
    /// <summary>
    /// The mount points of the file systems to freeze (<c>guest-fsfreeze-freeze-list</c>, QEMU 2.2). The agent ignores paths that are not
    /// mount points. Empty for all file systems (<c>guest-fsfreeze-freeze</c>).
    /// </summary>
    public IReadOnlyList<string> Mountpoints { get; init; } = [];

    /// <summary>
    /// The time limit for the freeze, with the hooks in the guest. After it the guest is thawed, even if the freeze still succeeds.
    /// Default 30 seconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long to try to thaw after a failed or cancelled freeze, and on disposal. More than zero, at most one day; default 60 seconds.
    /// </summary>
    public TimeSpan ThawBudget { get; init; } = TimeSpan.FromSeconds(60);

    internal static GuestFreezeOptions Default { get; } = new();

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Mountpoints);
        Durations.ValidateTimeout(Timeout, nameof(Timeout));
        Durations.ValidateBudget(ThawBudget, nameof(ThawBudget));
    }
}

/// <summary>A guest whose file systems are frozen until they are thawed.</summary>
/// <remarks>
/// The guest is always thawed: if a freeze fails, is cancelled or is answered too late, the guest is thawed before the call returns, and
/// disposing thaws. The thaw cannot be cancelled; it has its own time budget. Dispose the client after the freeze, and do not use it for
/// slow commands while the guest is frozen.
/// </remarks>
public sealed class GuestFreeze : IAsyncDisposable
{
    private readonly GuestAgentClient _agent;
    private readonly GuestFreezeOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _thawing = new(1);
    private GuestThawResult? _thaw;
    private long _sentTimestamp;
    private long _thawedTimestamp;

    private GuestFreeze(GuestAgentClient agent, GuestFreezeOptions options)
    {
        _agent = agent;
        _options = options;
        _time = agent.Options.TimeProvider;
    }

    /// <summary>
    /// How many file systems the agent froze, as it says. 0 means that nothing is frozen. It can be less than the number of mount points.
    /// </summary>
    public long FileSystems { get; private set; }

    /// <summary>Whether the guest is frozen, as far as the client knows: false when the agent froze nothing, and after the thaw.</summary>
    public bool IsFrozen => FileSystems > 0 && _thaw is null;

    /// <summary>When the freeze was sent: the guest may be frozen from then on.</summary>
    public DateTimeOffset RequestedAt { get; private set; }

    /// <summary>When the freeze was answered: the guest is frozen from then on. Null when nothing was frozen.</summary>
    public DateTimeOffset? FrozenAt { get; private set; }

    /// <summary>When the thaw was answered. Null before that, and when nothing was frozen.</summary>
    public DateTimeOffset? ThawedAt { get; private set; }

    /// <summary>
    /// The longest time that the guest can have been frozen: from sending the freeze to the answer of the thaw, by a monotonic clock.
    /// Null before the thaw, and when nothing was frozen.
    /// </summary>
    public TimeSpan? Window =>
        FrozenAt is null || ThawedAt is null ? null : _time.GetElapsedTime(_sentTimestamp, _thawedTimestamp);

    /// <summary>Freezes the file systems of a guest.</summary>
    /// <param name="agent">The client of the guest's agent.</param>
    /// <param name="options">What to freeze, and the time limits; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the freeze; if it was sent, the guest is thawed first.</param>
    /// <returns>
    /// The freeze. If the agent froze nothing, <see cref="IsFrozen"/> is false; that is not an error.
    /// </returns>
    /// <exception cref="GuestThawException">The freeze failed and the thaw failed too: the guest may be frozen.</exception>
    /// <exception cref="GuestAgentException">The freeze failed, and this call left nothing frozen. The type says what is wrong.</exception>
    public static async Task<GuestFreeze> FreezeAsync(
        GuestAgentClient agent, GuestFreezeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(agent);
        options ??= GuestFreezeOptions.Default;
        options.Validate();

        // A cached guest-info might hide that another client has frozen the guest.
        var request = options.Mountpoints.Count == 0
            ? GuestAgentCommands.GuestFsfreezeFreeze.Request
            : GuestAgentCommands.GuestFsfreezeFreezeList.With(new GuestFsfreezeFreezeListArguments { Mountpoints = options.Mountpoints });
        var call = new AgentCall(request, options.Timeout) { RefreshesInfo = true, MustBeInTime = true };
        var freeze = new GuestFreeze(agent, options);
        try
        {
            var count = await agent.CallAsync(call, request.ResultTypeInfo, cancellationToken).ConfigureAwait(false);
            await freeze.OnAnswerAsync(call, count).ConfigureAwait(false);
            return freeze;
        }
        catch (GuestAgentCommandUnavailableException exception) when (!call.Sent)
        {
            if (exception.Reason == GuestAgentCommandUnavailableReason.Disabled
                && await freeze.IsFrozenAlreadyAsync().ConfigureAwait(false))
            {
                throw AlreadyFrozen(agent, call, exception);
            }

            throw;
        }
        catch (Exception exception) when (call.Sent && exception is not GuestThawException)
        {
            if (exception is not (GuestAgentCommandException or GuestAgentCommandUnavailableException)
                || !await freeze.IsSurelyThawedAsync().ConfigureAwait(false))
            {
                await freeze.ThawOrThrowAsync(options.ThawBudget).ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Thaws a guest that was left frozen. Harmless when it is not frozen.</summary>
    /// <param name="agent">The client of the guest's agent.</param>
    /// <param name="budget">How long to try, over new connections if needed; more than zero, at most one day.</param>
    /// <returns>The result.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen. The message says how to thaw it by hand.</exception>
    public static Task<GuestThawResult> ThawGuestAsync(GuestAgentClient agent, TimeSpan budget)
    {
        ArgumentNullException.ThrowIfNull(agent);
        Durations.ValidateBudget(budget, nameof(budget));
        return new GuestThawer(agent, budget).RunAsync();
    }

    /// <summary>
    /// Thaws the guest. Tries again, over new connections if needed, until the agent says that the guest is thawed. Cannot be cancelled.
    /// A second call returns the same result, or tries again when the first one failed.
    /// </summary>
    /// <param name="budget">How long to try; more than zero, at most one day.</param>
    /// <returns>The result. When nothing was frozen, nothing is sent.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen. The message says how to thaw it by hand.</exception>
    public async Task<GuestThawResult> ThawAsync(TimeSpan budget)
    {
        Durations.ValidateBudget(budget, nameof(budget));
        await _thawing.WaitAsync().ConfigureAwait(false);
        try
        {
            return _thaw ??= await ThawOrThrowAsync(budget).ConfigureAwait(false);
        }
        finally
        {
            _thawing.Release();
        }
    }

    /// <summary>Thaws the guest if it is frozen, within <see cref="GuestFreezeOptions.ThawBudget"/>.</summary>
    /// <returns>A task that completes when the guest is thawed.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen. The message says how to thaw it by hand.</exception>
    public async ValueTask DisposeAsync() => await ThawAsync(_options.ThawBudget).ConfigureAwait(false);

    private static GuestAgentCommandUnavailableException AlreadyFrozen(GuestAgentClient agent, AgentCall call, Exception inner) =>
        new(
            call.Name,
            GuestAgentCommandUnavailableReason.AlreadyFrozen,
            $"The guest at {agent.Name} is frozen already, but not by this client. "
            + "If nothing else is backing it up, thaw it with guest-fsfreeze-thaw.",
            inner);

    private async Task OnAnswerAsync(AgentCall call, long count)
    {
        var now = _time.GetUtcNow();
        RequestedAt = call.SentAt;
        _sentTimestamp = call.SentTimestamp;
        if (count < 0)
        {
            throw new GuestAgentProtocolException($"The guest agent at {_agent.Name} says that it froze {count} file systems.")
            {
                CommandName = call.Name,
                CommandSent = true,
            };
        }

        // 0 means that nothing is frozen, if the status says the same.
        if (count == 0)
        {
            var status = await _agent.GuestFsfreezeStatusAsync(CancellationToken.None).ConfigureAwait(false);
            if (status == GuestFsfreezeStatus.Thawed)
            {
                _thaw = new GuestThawResult(0, now, Attempts: 0);
                return;
            }

            throw new GuestAgentProtocolException(
                $"The guest agent at {_agent.Name} froze no file system, "
                + $"but says that the guest is \"{PeerText.Escape(status.Value, 64)}\".")
            {
                CommandName = call.Name,
                CommandSent = true,
            };
        }

        FileSystems = count;
        FrozenAt = now;
        _agent.Logger.GuestFrozen(_agent.Name, count);
    }

    private async Task<GuestThawResult> ThawOrThrowAsync(TimeSpan budget)
    {
        var thawer = new GuestThawer(_agent, budget);
        var result = await thawer.RunAsync().ConfigureAwait(false);
        _thawedTimestamp = thawer.ThawedTimestamp;
        ThawedAt = result.ThawedAt;
        return result;
    }

    /// <summary>Whether the guest was frozen before. If the agent does not answer, this is false.</summary>
    private async Task<bool> IsFrozenAlreadyAsync()
    {
        try
        {
            return await _agent.GuestFsfreezeStatusAsync(CancellationToken.None).ConfigureAwait(false) == GuestFsfreezeStatus.Frozen;
        }
        catch (GuestAgentException)
        {
            return false;
        }
    }

    private async Task<bool> IsSurelyThawedAsync()
    {
        try
        {
            return await _agent.GuestFsfreezeStatusAsync(CancellationToken.None).ConfigureAwait(false) == GuestFsfreezeStatus.Thawed;
        }
        catch (Exception exception) when (exception is GuestAgentException or ObjectDisposedException)
        {
            return false;
        }
    }
}

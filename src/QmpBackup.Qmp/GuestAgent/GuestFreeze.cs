namespace QmpBackup.Qmp;

/// <summary>How a guest is frozen.</summary>
public sealed record GuestFreezeOptions
{
    /// <summary>
    /// The mount points of the file systems to freeze (<c>guest-fsfreeze-freeze-list</c>, QEMU 2.2); those that are none are ignored by
    /// the agent. Empty for every file system (<c>guest-fsfreeze-freeze</c>).
    /// </summary>
    public IReadOnlyList<string> Mountpoints { get; init; } = [];

    /// <summary>
    /// How long the freeze may take, hooks of the guest included. After it the guest is thawed, whenever the freeze comes about.
    /// 30 seconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long thawing is tried after a freeze that failed or was cancelled, and when the freeze is disposed of. 60 seconds.
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

/// <summary>A guest whose file systems are frozen, until they are thawed.</summary>
/// <remarks>
/// Whatever happens, the guest is thawed: a freeze that fails, is cancelled or is answered too late is followed by a thaw before the
/// caller hears of it, and disposing thaws. The thaw is never cancelled; it has a budget of time of its own. The client must live
/// longer than the freeze and must not be used for anything else meanwhile that takes long.
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
    /// How many file systems the agent said it froze. 0 is no freeze at all; it can be less than the mount points that were asked for.
    /// </summary>
    public long FileSystems { get; private set; }

    /// <summary>Whether the guest is frozen, as far as this side knows: false when the agent froze nothing, and once it is thawed.</summary>
    public bool IsFrozen => FileSystems > 0 && _thaw is null;

    /// <summary>When the freeze was sent: the guest may stand still from here on.</summary>
    public DateTimeOffset RequestedAt { get; private set; }

    /// <summary>When the freeze was answered: the guest stands still from here on. Null when nothing was frozen.</summary>
    public DateTimeOffset? FrozenAt { get; private set; }

    /// <summary>When the thaw was answered. Null before that, and when nothing was frozen.</summary>
    public DateTimeOffset? ThawedAt { get; private set; }

    /// <summary>
    /// The longest that the guest can have stood still: from the sending of the freeze to the answer of the thaw, by a clock that
    /// nobody sets. Null before the thaw, and when nothing was frozen.
    /// </summary>
    public TimeSpan? Window =>
        FrozenAt is null || ThawedAt is null ? null : _time.GetElapsedTime(_sentTimestamp, _thawedTimestamp);

    /// <summary>Freezes a guest.</summary>
    /// <param name="agent">The guest's agent.</param>
    /// <param name="options">What to freeze and how long it may take; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up; a freeze that was sent is thawed first.</param>
    /// <returns>
    /// The freeze. <see cref="IsFrozen"/> is false when the agent froze nothing, which is no error of its own and no freeze either.
    /// </returns>
    /// <exception cref="GuestThawException">The freeze failed, and so did the thaw: the guest may be frozen.</exception>
    /// <exception cref="GuestAgentException">The freeze failed, and the guest is not frozen by it. The type says what is wrong.</exception>
    public static async Task<GuestFreeze> FreezeAsync(
        GuestAgentClient agent, GuestFreezeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(agent);
        options ??= GuestFreezeOptions.Default;
        options.Validate();

        // A copy of before might hide that the guest is frozen already, by someone else.
        var request = options.Mountpoints.Count == 0
            ? GuestAgentCommands.GuestFsfreezeFreeze.Request
            : GuestAgentCommands.GuestFsfreezeFreezeList.With(new GuestFsfreezeFreezeListArguments { Mountpoints = options.Mountpoints });
        var call = new AgentCall(request, options.Timeout) { RefreshesInfo = true };
        var freeze = new GuestFreeze(agent, options);
        try
        {
            var count = await agent.CallAsync(call, request.ResultTypeInfo, cancellationToken).ConfigureAwait(false);
            await freeze.OnAnswerAsync(call, count).ConfigureAwait(false);
            return freeze;
        }
        catch (GuestAgentCommandUnavailableException exception) when (!call.Sent)
        {
            if (exception.Reason == GuestAgentCommandUnavailableReason.Disabled && await freeze.IsFrozenAlreadyAsync().ConfigureAwait(false))
                throw AlreadyFrozen(agent, call, exception);
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

    /// <summary>Thaws a guest that something left frozen. Harmless when it is not.</summary>
    /// <param name="agent">The guest's agent.</param>
    /// <param name="budget">How long to try, over as many connections as it takes; at most a day.</param>
    /// <returns>What came of it.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
    public static Task<GuestThawResult> ThawGuestAsync(GuestAgentClient agent, TimeSpan budget)
    {
        ArgumentNullException.ThrowIfNull(agent);
        Durations.ValidateBudget(budget, nameof(budget));
        return new GuestThawer(agent, budget).RunAsync();
    }

    /// <summary>
    /// Thaws the guest: again and again, over new connections where needed, until it says that it is thawed. Cannot be cancelled. Called
    /// again it gives the result of before, or tries anew when it failed.
    /// </summary>
    /// <param name="budget">How long to try; at most a day.</param>
    /// <returns>What came of it; nothing is sent when nothing was frozen.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
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

    /// <summary>Thaws the guest if it is still frozen, within <see cref="GuestFreezeOptions.ThawBudget"/>.</summary>
    /// <returns>A task that completes when the guest is thawed.</returns>
    /// <exception cref="GuestThawException">The guest may still be frozen; the message says how to thaw it by hand.</exception>
    public async ValueTask DisposeAsync() => await ThawAsync(_options.ThawBudget).ConfigureAwait(false);

    private static GuestAgentCommandUnavailableException AlreadyFrozen(GuestAgentClient agent, AgentCall call, Exception inner) =>
        new(
            call.Name,
            GuestAgentCommandUnavailableReason.AlreadyFrozen,
            $"The guest at {agent.Name} is frozen already, and not by this client. "
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

        // 0 is no freeze, if status agrees.
        if (count == 0)
        {
            var status = await _agent.GuestFsfreezeStatusAsync(CancellationToken.None).ConfigureAwait(false);
            if (status == GuestFsfreezeStatus.Thawed)
            {
                _thaw = new GuestThawResult(0, now, Attempts: 0);
                return;
            }

            throw new GuestAgentProtocolException(
                $"The guest agent at {_agent.Name} says that it froze nothing and that the guest is \"{PeerText.Escape(status.Value, 64)}\".")
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

    /// <summary>Whether the guest was frozen before; an agent that does not say is not asked twice.</summary>
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

using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp;

/// <summary>Tries to thaw a guest until the agent says that it is thawed, or until the budget is used up.</summary>
internal sealed class GuestThawer
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly GuestAgentClient _agent;
    private readonly TimeProvider _time;
    private readonly TimeSpan _budget;
    private readonly long _start;
    private bool _answerLost;
    private long? _count;
    private string _last = string.Empty;

    public GuestThawer(GuestAgentClient agent, TimeSpan budget)
    {
        _agent = agent;
        _time = agent.Options.TimeProvider;
        _budget = budget;
        _start = _time.GetTimestamp();
    }

    public long ThawedTimestamp { get; private set; }

    private TimeSpan Left => _budget - _time.GetElapsedTime(_start);

    public async Task<GuestThawResult> RunAsync()
    {
        // An agent that runs a slow hook does not answer until the hook ends. So each attempt waits longer.
        var limit = _agent.Options.SyncTimeout == Timeout.InfiniteTimeSpan ? TimeSpan.FromSeconds(5) : _agent.Options.SyncTimeout;
        Exception? fault = null;
        string? told = null;
        for (var attempt = 1; Left > TimeSpan.Zero; attempt++)
        {
            try
            {
                if (await TryAsync(limit, onFreshConnection: fault is not null).ConfigureAwait(false) is { } thawedAt)
                {
                    _agent.Logger.GuestThawed(_agent.Name, attempt);
                    return new GuestThawResult(_answerLost ? null : _count, thawedAt, attempt);
                }

                fault = null;
            }
            catch (GuestAgentException exception)
            {
                fault = exception;
                _last = exception.Message;
            }
            catch (ObjectDisposedException exception)
            {
                throw Failed(exception);
            }

            limit = TimeSpan.FromTicks(Math.Min(2 * limit.Ticks, _budget.Ticks));
            var pause = Min(RetryDelay, Left);
            if (pause <= TimeSpan.Zero)
                break;
            // Attempts usually fail in the same way: log it once.
            if (_last != told)
                _agent.Logger.ThawRetried(_agent.Name, _last);
            told = _last;
            await Task.Delay(pause, _time).ConfigureAwait(false);
        }

        throw Failed(fault);
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Sends one thaw, and asks for the status.</summary>
    /// <returns>When the guest was thawed; null when the agent says that it is not.</returns>
    private async Task<DateTimeOffset?> TryAsync(TimeSpan limit, bool onFreshConnection)
    {
        var thaw = GuestAgentCommands.GuestFsfreezeThaw.Request;
        var call = new AgentCall(thaw, AtLeastAMoment(Min(limit, Left)))
        {
            SyncTimeout = limit,
            SendsWithSync = true,
            OnFreshConnection = onFreshConnection,
        };
        DateTimeOffset? thawedAt = null;
        var refusal = string.Empty;
        try
        {
            var count = await _agent.CallAsync(call, thaw.ResultTypeInfo, CancellationToken.None).ConfigureAwait(false);
            _count = (_count ?? 0) + Math.Max(count, 0);
            thawedAt = _time.GetUtcNow();
            ThawedTimestamp = _time.GetTimestamp();
        }
        catch (Exception exception) when (exception is GuestAgentCommandException or GuestAgentCommandUnavailableException)
        {
            // The guest may be thawed anyway: a hook that fails after the thaw also gives an error.
            _answerLost = true;
            refusal = " " + exception.Message;
            _last = exception.Message;
        }
        catch (GuestAgentException)
        {
            _answerLost |= call.Sent;
            throw;
        }

        var status = GuestAgentCommands.GuestFsfreezeStatus.Request;
        var question = new AgentCall(status, AtLeastAMoment(Min(limit, Left)));
        GuestFsfreezeStatus answer;
        try
        {
            answer = await _agent.CallAsync(question, status.ResultTypeInfo, CancellationToken.None).ConfigureAwait(false);
        }
        catch (GuestAgentCommandUnavailableException) when (thawedAt is not null)
        {
            // The agent does not allow the status: trust its answer to the thaw.
            return thawedAt;
        }

        if (answer == GuestFsfreezeStatus.Thawed)
        {
            if (thawedAt is null)
                ThawedTimestamp = _time.GetTimestamp();
            return thawedAt ?? _time.GetUtcNow();
        }

        _last = $"The guest agent says that the guest is \"{PeerText.Escape(answer.Value, 64)}\".{refusal}";
        return null;
    }

    /// <summary>At least 10 ms, so that a thaw is sent even when the budget ends now.</summary>
    private static TimeSpan AtLeastAMoment(TimeSpan limit) => limit > TimeSpan.FromMilliseconds(10) ? limit : TimeSpan.FromMilliseconds(10);

    private GuestThawException Failed(Exception? inner)
    {
        var exception = GuestThawException.For(_agent, _budget, _last, inner);
        _agent.Logger.ThawFailed(_agent.Name, exception.Message);
        return exception;
    }
}

/// <summary>The result of a thaw: the agent says that the guest is thawed.</summary>
/// <param name="FileSystems">
/// How many file systems the agent thawed, as it says. 0 when none was frozen; null when the answer to a thaw was lost or was an error.
/// </param>
/// <param name="ThawedAt">When the thaw was answered.</param>
/// <param name="Attempts">The number of attempts; 0 when there was nothing to thaw.</param>
public sealed record GuestThawResult(long? FileSystems, DateTimeOffset ThawedAt, int Attempts);

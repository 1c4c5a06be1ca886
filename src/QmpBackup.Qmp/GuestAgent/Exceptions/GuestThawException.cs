namespace QmpBackup.Qmp;

/// <summary>The guest could not be thawed within the budget and may still be frozen; the message says how to thaw it by hand.</summary>
public sealed class GuestThawException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="budget">How long was tried.</param>
    /// <param name="innerException">What went wrong last, or null.</param>
    public GuestThawException(string message, TimeSpan budget, Exception? innerException = null)
        : base(message, innerException) => Budget = budget;

    /// <summary>How long was tried.</summary>
    public TimeSpan Budget { get; }

    internal static GuestThawException For(GuestAgentClient agent, TimeSpan budget, string last, Exception? inner)
    {
        var where = agent.Endpoint is { } endpoint ? PeerText.Escape(endpoint.ToString()) : agent.Name;
        var command = agent.Endpoint is null ? string.Empty : $"\"qbackup thaw --agent {where}\", or ";
        return new(
            $"THE GUEST MAY STILL BE FROZEN: it could not be thawed within {Durations.Text(budget)}. {last} "
            + $"Thaw it by hand: {command}send {{\"execute\":\"guest-fsfreeze-thaw\"}} to {where}, "
            + "or run \"fsfreeze --unfreeze MOUNTPOINT\" in the guest.",
            budget,
            inner)
        {
            CommandName = "guest-fsfreeze-thaw",
        };
    }
}

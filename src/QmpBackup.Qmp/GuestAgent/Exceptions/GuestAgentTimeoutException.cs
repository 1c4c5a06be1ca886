namespace QmpBackup.Qmp;

/// <summary>The guest agent did not answer a command in time. A late answer is thrown away before the next command.</summary>
public sealed class GuestAgentTimeoutException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="timeout">How long was waited.</param>
    /// <param name="innerException">The cause, or null for a plain <see cref="TimeoutException"/>.</param>
    public GuestAgentTimeoutException(string message, TimeSpan timeout, Exception? innerException = null)
        : base(message, innerException ?? new TimeoutException(message)) => Timeout = timeout;

    /// <summary>How long was waited.</summary>
    public TimeSpan Timeout { get; }

    internal static GuestAgentTimeoutException ForCommand(string name, AgentCall call)
    {
        var command = PeerText.Escape(call.Name);
        var limit = Durations.Text(call.Timeout);
        var message = call.Sent
            ? $"The guest agent at {name} did not answer \"{command}\" within {limit}. It may still carry it out."
            : $"\"{command}\" could not be sent to the guest agent at {name} within {limit}, and will not be.";
        return new(message, call.Timeout) { CommandName = call.Name, CommandSent = call.Sent };
    }
}

namespace QmpBackup.Qmp;

/// <summary>The guest agent is there and does not have the command, or not now. It was not carried out.</summary>
public sealed class GuestAgentCommandUnavailableException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="reason">Why it cannot be used.</param>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GuestAgentCommandUnavailableException(
        string commandName, GuestAgentCommandUnavailableReason reason, string message, Exception? innerException = null)
        : base(message, innerException)
    {
        CommandName = commandName;
        Reason = reason;
    }

    /// <summary>Why the command cannot be used.</summary>
    public GuestAgentCommandUnavailableReason Reason { get; }

    internal static GuestAgentCommandUnavailableException Missing(string name, string command, string? version) =>
        new(
            command,
            GuestAgentCommandUnavailableReason.Missing,
            $"The guest agent at {name} (version {PeerText.Escape(version, 64)}) has no \"{PeerText.Escape(command)}\".");

    internal static GuestAgentCommandUnavailableException Disabled(string name, string command) =>
        new(
            command,
            GuestAgentCommandUnavailableReason.Disabled,
            $"The guest agent at {name} does not allow \"{PeerText.Escape(command)}\" at the moment: "
            + "it is forbidden by the agent's configuration, or the guest is frozen.");

    internal static GuestAgentCommandUnavailableException Refused(string name, string command, string? description) =>
        new(
            command,
            GuestAgentCommandUnavailableReason.Refused,
            $"The guest agent at {name} does not know or allow \"{PeerText.Escape(command)}\": {PeerText.Escape(description)}")
        {
            CommandSent = true,
        };
}

namespace QmpBackup.Qmp;

/// <summary>Why a guest agent's command cannot be used.</summary>
public enum GuestAgentCommandUnavailableReason
{
    /// <summary>This agent does not have the command: it is too old, or was built without it.</summary>
    Missing,

    /// <summary>The agent has the command and does not allow it: its administrator forbids it, or the guest is frozen.</summary>
    Disabled,

    /// <summary>The agent answered that it does not know or allow the command.</summary>
    Refused,

    /// <summary>The guest is frozen already, and not by this client. <c>guest-fsfreeze-thaw</c> thaws it.</summary>
    AlreadyFrozen,
}

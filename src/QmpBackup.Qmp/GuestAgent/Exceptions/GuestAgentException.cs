namespace QmpBackup.Qmp;

/// <summary>The base of every exception that is about a guest agent.</summary>
/// <remarks>
/// Messages are whole sentences meant for a person. What they quote of the agent has its control characters escaped, so that they
/// can be printed on a terminal. Never decide anything by a message: use the type and its properties.
/// </remarks>
public abstract class GuestAgentException : QmpException
{
    private protected GuestAgentException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The command that was under way, or null when it was none in particular.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether sending <see cref="CommandName"/> was begun. If so the agent may have carried it out, or may still do so; if not it
    /// never will.
    /// </summary>
    public bool CommandSent { get; init; }
}

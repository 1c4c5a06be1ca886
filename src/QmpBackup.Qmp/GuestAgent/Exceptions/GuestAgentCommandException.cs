namespace QmpBackup.Qmp;

/// <summary>The guest agent answered a command with an error.</summary>
/// <remarks>The description differs between versions of the agent and is the guest's own: use it to inform a person only.</remarks>
public sealed class GuestAgentCommandException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="errorClass">The class of the error.</param>
    /// <param name="description">What the agent says of it.</param>
    public GuestAgentCommandException(string commandName, QmpErrorClass errorClass, string description)
        : base(
            $"The guest agent refused \"{PeerText.Escape(commandName)}\": {PeerText.Escape(description)} ({PeerText.Escape(errorClass.Value)})",
            innerException: null)
    {
        CommandName = commandName;
        CommandSent = true;
        ErrorClass = errorClass;
        Description = PeerText.Escape(description);
    }

    /// <summary>The class of the error, the protocol's <c>class</c>.</summary>
    public QmpErrorClass ErrorClass { get; }

    /// <summary>What the agent says of the error, the protocol's <c>desc</c>, with control characters escaped.</summary>
    public string Description { get; }
}

namespace QmpBackup.Qmp;

/// <summary>QEMU answered a command with an error.</summary>
/// <remarks>
/// The QMP specification lets <c>desc</c> change between versions, and it does: use it to inform a person only.
/// Nearly every error has the class <see cref="QmpErrorClass.GenericError"/>, so look at the state before a command
/// rather than at its error after it.
/// </remarks>
public sealed class QmpCommandException : QmpException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="errorClass">The class of the error.</param>
    /// <param name="description">What QEMU says of it.</param>
    public QmpCommandException(string commandName, QmpErrorClass errorClass, string description)
        : base(
            $"QEMU refused \"{PeerText.Escape(commandName)}\": {PeerText.Escape(description)} ({PeerText.Escape(errorClass.Value)})",
            innerException: null)
    {
        CommandName = commandName;
        ErrorClass = errorClass;
        Description = PeerText.Escape(description);
    }

    /// <summary>The name of the command that was refused.</summary>
    public string CommandName { get; }

    /// <summary>The class of the error, QMP's <c>class</c>.</summary>
    public QmpErrorClass ErrorClass { get; }

    /// <summary>What QEMU says of the error, QMP's <c>desc</c>, with control characters escaped.</summary>
    public string Description { get; }
}

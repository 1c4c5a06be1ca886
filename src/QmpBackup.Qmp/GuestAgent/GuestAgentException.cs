using System.Text.Json;

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

/// <summary>What came from the guest agent is no answer: garbage, too large, too deep, without end, or not what the command promises.</summary>
public sealed class GuestAgentProtocolException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GuestAgentProtocolException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    internal static GuestAgentProtocolException ForAnswer(string name, AgentCall call, Exception? exception)
    {
        // The reader of JSON quotes the answer, which can hold data of the guest: where it went wrong is enough.
        var why = exception switch
        {
            null => "It is neither an answer nor an error.",
            JsonFrameException frame => frame.Message,
            JsonException { Path: { } path } => $"It is not what the command promises, at {PeerText.Escape(path, 256)}.",
            _ => "It is not what the command promises.",
        };
        return new(
            $"The guest agent at {name} sent what is no answer to \"{PeerText.Escape(call.Name)}\". {PeerText.Escape(why)}", exception)
        {
            CommandName = call.Name,
            CommandSent = call.Sent,
        };
    }

    internal static GuestAgentProtocolException ForSync(string name, Exception exception) =>
        new($"What answers at {name} is no guest agent, or one that makes no sense. {PeerText.Escape(exception.Message)}", exception);

    internal static GuestAgentProtocolException Monitor(string name) =>
        new($"{name} is a QMP monitor and no guest agent's port.");
}

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

/// <summary>The guest could not be thawed within the budget and may still be frozen; the message says how to thaw it by hand.</summary>
public sealed class GuestThawException : GuestAgentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="budget">How long was tried.</param>
    /// <param name="innerException">What went wrong last, or null.</param>
    public GuestThawException(string message, TimeSpan budget, Exception? innerException = null)
        : base(message, innerException) => Budget = budget;

    /// <summary>How long the thaw was tried.</summary>
    public TimeSpan Budget { get; }

    /// <summary>Where the agent of this guest listens; null when the client uses a stream.</summary>
    public QmpEndpoint? Endpoint { get; init; }

    internal static GuestThawException For(GuestAgentClient agent, TimeSpan budget, string last, Exception? inner)
    {
        var where = agent.Endpoint is { } endpoint ? PeerText.Escape(endpoint.ToString()) : agent.Name;
        return new(
            $"THE GUEST MAY STILL BE FROZEN: it could not be thawed within {Durations.Text(budget)}. {last} "
            + $"Thaw it by hand: send {{\"execute\":\"guest-fsfreeze-thaw\"}} to {where}, "
            + "or run \"fsfreeze --unfreeze MOUNTPOINT\" in the guest.",
            budget,
            inner)
        {
            CommandName = "guest-fsfreeze-thaw",
            Endpoint = agent.Endpoint,
        };
    }
}

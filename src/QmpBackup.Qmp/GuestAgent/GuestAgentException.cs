using System.Text.Json;

namespace QmpBackup.Qmp;

/// <summary>The base of all exceptions about a guest agent.</summary>
/// <remarks>
/// Messages are whole sentences for people. Control characters in quoted text of the agent are escaped, so messages are safe to print on
/// a terminal. Do not parse messages: use the type and its properties.
/// </remarks>
public abstract class GuestAgentException : QmpException
{
    private protected GuestAgentException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The command that failed; null when the failure belongs to no command.</summary>
    public string? CommandName { get; init; }

    /// <summary>
    /// Whether sending of the command had begun. If so, the agent may have executed it or may still execute it; if not, it never will.
    /// </summary>
    public bool CommandSent { get; init; }
}

/// <summary>The guest agent did not answer a command in time. A late answer is dropped before the next command.</summary>
public sealed class GuestAgentTimeoutException : GuestAgentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="timeout">The time limit.</param>
    /// <param name="innerException">The cause, or null for a plain <see cref="TimeoutException"/>.</param>
    public GuestAgentTimeoutException(string message, TimeSpan timeout, Exception? innerException = null)
        : base(message, innerException ?? new TimeoutException(message)) => Timeout = timeout;

    /// <summary>The time limit.</summary>
    public TimeSpan Timeout { get; }

    internal static GuestAgentTimeoutException ForCommand(string name, AgentCall call)
    {
        var command = PeerText.Escape(call.Name);
        var limit = Durations.Text(call.Timeout);
        var message = call.Sent
            ? $"The guest agent at {name} did not answer \"{command}\" within {limit}. It may still execute it."
            : $"\"{command}\" was not sent to the guest agent at {name} within {limit} and will not be executed.";
        return new(message, call.Timeout) { CommandName = call.Name, CommandSent = call.Sent };
    }
}

/// <summary>The answer of the guest agent is not valid: not JSON, too large, too deep, or not the type of the command.</summary>
public sealed class GuestAgentProtocolException : GuestAgentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GuestAgentProtocolException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    internal static GuestAgentProtocolException ForAnswer(string name, AgentCall call, Exception? exception)
    {
        // The message of the JSON reader quotes the answer, which may hold data of the guest. So only the position is shown.
        var why = exception switch
        {
            null => "It is neither an answer nor an error.",
            JsonFrameException frame => frame.Message,
            JsonException { Path: { } path } => $"It does not have the expected type at {PeerText.Escape(path, 256)}.",
            _ => "It does not have the expected type.",
        };
        return new(
            $"The guest agent at {name} sent an invalid answer to \"{PeerText.Escape(call.Name)}\". {PeerText.Escape(why)}", exception)
        {
            CommandName = call.Name,
            CommandSent = call.Sent,
        };
    }

    internal static GuestAgentProtocolException ForSync(string name, Exception exception) =>
        new($"The peer at {name} is not a guest agent, or its answers are invalid. {PeerText.Escape(exception.Message)}", exception);

    internal static GuestAgentProtocolException Monitor(string name) =>
        new($"{name} is a QMP monitor, not the port of a guest agent.");
}

/// <summary>The guest agent answered a command with an error.</summary>
/// <remarks>The description is for people only: it differs between versions of the agent, and the guest controls it.</remarks>
public sealed class GuestAgentCommandException : GuestAgentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="errorClass">The class of the error.</param>
    /// <param name="description">The agent's description of the error.</param>
    public GuestAgentCommandException(string commandName, QmpErrorClass errorClass, string description)
        : base(
            $"The guest agent refused \"{PeerText.Escape(commandName)}\": "
            + $"{PeerText.Escape(description)} ({PeerText.Escape(errorClass.Value)})",
            innerException: null)
    {
        CommandName = commandName;
        CommandSent = true;
        ErrorClass = errorClass;
        Description = PeerText.Escape(description);
    }

    /// <summary>The class of the error (<c>class</c>).</summary>
    public QmpErrorClass ErrorClass { get; }

    /// <summary>The agent's description of the error (<c>desc</c>), with control characters escaped.</summary>
    public string Description { get; }
}

/// <summary>The guest agent does not have the command, or does not allow it now. The command was not executed.</summary>
public sealed class GuestAgentCommandUnavailableException : GuestAgentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="commandName">The name of the command.</param>
    /// <param name="reason">Why the command cannot be used.</param>
    /// <param name="message">What happened, in whole sentences.</param>
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
            $"The guest agent at {name} (version {PeerText.Escape(version, 64)}) does not have \"{PeerText.Escape(command)}\".");

    internal static GuestAgentCommandUnavailableException Disabled(string name, string command) =>
        new(
            command,
            GuestAgentCommandUnavailableReason.Disabled,
            $"The guest agent at {name} does not allow \"{PeerText.Escape(command)}\" at the moment: "
            + "the configuration of the agent forbids it, or the guest is frozen.");

    internal static GuestAgentCommandUnavailableException Refused(string name, string command, string? description) =>
        new(
            command,
            GuestAgentCommandUnavailableReason.Refused,
            $"The guest agent at {name} does not know or allow \"{PeerText.Escape(command)}\": {PeerText.Escape(description)}")
        {
            CommandSent = true,
        };
}

/// <summary>Why a command of a guest agent cannot be used.</summary>
public enum GuestAgentCommandUnavailableReason
{
    /// <summary>The agent does not have the command: it is too old, or was built without it.</summary>
    Missing,

    /// <summary>The agent does not allow the command now: its configuration forbids it, or the guest is frozen.</summary>
    Disabled,

    /// <summary>The agent answered that it does not know or allow the command.</summary>
    Refused,

    /// <summary>The guest is frozen already, but not by this client. <c>guest-fsfreeze-thaw</c> thaws it.</summary>
    AlreadyFrozen,
}

/// <summary>The guest did not thaw within the budget and may still be frozen. The message says how to thaw it by hand.</summary>
public sealed class GuestThawException : GuestAgentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="budget">How long the thaw was tried.</param>
    /// <param name="innerException">The last failure, or null.</param>
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
            $"THE GUEST MAY STILL BE FROZEN: it did not thaw within {Durations.Text(budget)}. {last} "
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

using System.Text.Json;

namespace QmpBackup.Qmp;

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

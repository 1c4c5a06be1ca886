using System.Net.Sockets;

namespace QmpBackup.Qmp;

/// <summary>There is no guest agent to talk to; <see cref="Reason"/> says why.</summary>
public sealed class GuestAgentUnavailableException : GuestAgentException
{
    private const string Cure =
        "The agent may not be running in the guest, the VM may be paused, or another client may hold the port, which serves one at a time.";

    /// <summary>Makes the exception.</summary>
    /// <param name="reason">Why there is no agent.</param>
    /// <param name="message">A sentence for a person.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GuestAgentUnavailableException(GuestAgentUnavailableReason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why there is no agent.</summary>
    public GuestAgentUnavailableReason Reason { get; }

    internal static GuestAgentUnavailableException NoAnswer(string name, TimeSpan timeout, Exception? inner = null) =>
        new(GuestAgentUnavailableReason.NoAnswer, $"No guest agent answers at {name} within {Durations.Text(timeout)}. {Cure}", inner);

    internal static GuestAgentUnavailableException NotRead(string name, TimeSpan timeout, Exception? inner = null) =>
        new(
            GuestAgentUnavailableReason.NotRead,
            $"Nothing reads from the port of the guest agent at {name} (waited {Durations.Text(timeout)}): "
            + "the agent is not running in the guest, or the VM is paused.",
            inner);

    internal static GuestAgentUnavailableException NoConnection(string name, TimeSpan timeout) =>
        new(
            GuestAgentUnavailableReason.ConnectTimeout,
            $"No connection to the guest agent's port at {name} within {Durations.Text(timeout)}.");

    internal static GuestAgentUnavailableException Closed(string name, AgentCall? call, Exception inner) =>
        new(
            GuestAgentUnavailableReason.Closed,
            call is { Sent: true }
                ? $"{name} closed the connection before \"{PeerText.Escape(call.Name)}\" was answered. The agent may have carried it out."
                : $"{name} closed the connection. QEMU may have ended.",
            inner)
        {
            CommandName = call?.Name,
            CommandSent = call is { Sent: true },
        };

    internal static GuestAgentUnavailableException ForConnect(string name, Exception exception)
    {
        var fault = PeerText.Escape(exception.InnerException is SocketException socket ? socket.Message : exception.Message);
        return exception is QmpConnectException connect
            ? connect.Reason switch
            {
                QmpConnectFailure.NotFound when name.StartsWith("tcp:", StringComparison.Ordinal) => new(
                    GuestAgentUnavailableReason.NotFound, $"The host of the guest agent's port at {name} is unknown.", exception),
                QmpConnectFailure.NotFound => new(
                    GuestAgentUnavailableReason.NotFound, $"There is no socket of a guest agent's port at {name}. Is the VM running?", exception),
                QmpConnectFailure.Refused => new(
                    GuestAgentUnavailableReason.Refused,
                    $"Nothing listens at {name}. QEMU may have ended and left its socket behind, or it is no socket.",
                    exception),
                QmpConnectFailure.PermissionDenied => new(
                    GuestAgentUnavailableReason.PermissionDenied,
                    $"No permission to open {name}. Run as the user of the VM or as root, or open the socket to this user.",
                    exception),
                QmpConnectFailure.Timeout => new(
                    GuestAgentUnavailableReason.ConnectTimeout, $"No connection to the guest agent's port at {name} in time.", exception),
                QmpConnectFailure.NoGreeting => new(
                    GuestAgentUnavailableReason.Busy, $"Other clients wait for the guest agent's port at {name}, which serves one at a time.", exception),
                _ => new(GuestAgentUnavailableReason.Unreachable, $"No connection to the guest agent's port at {name}: {fault}", exception),
            }
            : new(GuestAgentUnavailableReason.Unreachable, $"No connection to the guest agent's port at {name}: {fault}", exception);
    }
}

/// <summary>Why a guest agent cannot be talked to.</summary>
public enum GuestAgentUnavailableReason
{
    /// <summary>There is no such socket, or no such host.</summary>
    NotFound,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>The operating system does not let this user open the socket.</summary>
    PermissionDenied,

    /// <summary>The socket could not be opened in time.</summary>
    ConnectTimeout,

    /// <summary>So many clients wait for the port that this one is turned away.</summary>
    Busy,

    /// <summary>The socket could not be opened for another reason, such as no route to the host.</summary>
    Unreachable,

    /// <summary>
    /// The socket is open and nobody answers: no agent runs in the guest, the VM is paused or busy, or another client holds the port.
    /// </summary>
    NoAnswer,

    /// <summary>
    /// QEMU does not even read what is sent: nothing in the guest has opened the port, or the guest does not have it.
    /// </summary>
    NotRead,

    /// <summary>The connection was closed, by QEMU as a rule.</summary>
    Closed,
}

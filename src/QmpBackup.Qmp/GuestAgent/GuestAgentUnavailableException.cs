using System.Net.Sockets;

namespace QmpBackup.Qmp;

/// <summary>No guest agent can be reached; <see cref="Reason"/> says why.</summary>
public sealed class GuestAgentUnavailableException : GuestAgentException
{
    private const string Cure =
        "The agent may not be running in the guest, the VM may be paused, or another client may use the port (it serves one at a time).";

    /// <summary>Creates the exception.</summary>
    /// <param name="reason">Why no agent can be reached.</param>
    /// <param name="message">What happened, in whole sentences.</param>
    /// <param name="innerException">The cause, or null.</param>
    public GuestAgentUnavailableException(GuestAgentUnavailableReason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>Why no agent can be reached.</summary>
    public GuestAgentUnavailableReason Reason { get; }

    internal static GuestAgentUnavailableException NoAnswer(string name, TimeSpan timeout, Exception? inner = null) =>
        new(GuestAgentUnavailableReason.NoAnswer, $"No guest agent answers at {name} within {Durations.Text(timeout)}. {Cure}", inner);

    internal static GuestAgentUnavailableException NotRead(string name, TimeSpan timeout, Exception? inner = null) =>
        new(
            GuestAgentUnavailableReason.NotRead,
            $"Nothing reads from the port of the guest agent at {name} within {Durations.Text(timeout)}: "
            + "the agent is not running in the guest, or the VM is paused.",
            inner);

    internal static GuestAgentUnavailableException NoConnection(string name, TimeSpan timeout) =>
        new(
            GuestAgentUnavailableReason.ConnectTimeout,
            $"Could not connect to the guest agent's port at {name} within {Durations.Text(timeout)}.");

    internal static GuestAgentUnavailableException Closed(string name, AgentCall? call, Exception inner) =>
        new(
            GuestAgentUnavailableReason.Closed,
            call is { Sent: true }
                ? $"{name} closed the connection before \"{PeerText.Escape(call.Name)}\" was answered. The agent may have executed it."
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
                    GuestAgentUnavailableReason.NotFound, $"There is no guest agent's socket at {name}. Is the VM running?", exception),
                QmpConnectFailure.Refused => new(
                    GuestAgentUnavailableReason.Refused,
                    $"Nothing listens at {name}. QEMU may have ended and left its socket behind, or the file is not a socket.",
                    exception),
                QmpConnectFailure.PermissionDenied => new(
                    GuestAgentUnavailableReason.PermissionDenied,
                    $"No permission to open {name}. Run as the user of the VM or as root, or give this user access to the socket.",
                    exception),
                QmpConnectFailure.Timeout => new(
                    GuestAgentUnavailableReason.ConnectTimeout,
                    $"Could not connect to the guest agent's port at {name} in time.",
                    exception),
                QmpConnectFailure.NoGreeting => new(
                    GuestAgentUnavailableReason.Busy,
                    $"Other clients wait for the guest agent's port at {name}, which serves one at a time.",
                    exception),
                _ => Unreachable(),
            }
            : Unreachable();

        GuestAgentUnavailableException Unreachable() => new(
            GuestAgentUnavailableReason.Unreachable, $"Could not connect to the guest agent's port at {name}: {fault}", exception);
    }
}

/// <summary>Why a guest agent cannot be reached.</summary>
public enum GuestAgentUnavailableReason
{
    /// <summary>The socket or the host does not exist.</summary>
    NotFound,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>This user has no permission to open the socket.</summary>
    PermissionDenied,

    /// <summary>The socket could not be opened in time.</summary>
    ConnectTimeout,

    /// <summary>The queue of clients that wait for the port is full.</summary>
    Busy,

    /// <summary>The socket could not be opened for another reason, such as no route to the host.</summary>
    Unreachable,

    /// <summary>
    /// The socket is open, but nothing answers: no agent runs in the guest, the VM is paused or busy, or another client uses the port.
    /// </summary>
    NoAnswer,

    /// <summary>
    /// QEMU does not read the data: no program in the guest has opened the port, or the guest does not have the port.
    /// </summary>
    NotRead,

    /// <summary>The connection was closed, usually by QEMU.</summary>
    Closed,
}

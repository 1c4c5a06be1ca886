using System.Text;

namespace QmpBackup.Qmp;

/// <summary>A command for an agent.</summary>
internal sealed class AgentCall(QmpRequest request, TimeSpan timeout)
{
    public QmpRequest Request { get; } = request;

    public string Name => Request.Command;

    public TimeSpan Timeout { get; } = timeout;

    public ReadOnlyMemory<byte> Frame { get; } = Encoding.UTF8.GetBytes(request.ToJson() + "\n");

    /// <summary>Whether an answer that comes at the very moment of a timeout or a cancellation is too late, too.</summary>
    public bool MustBeInTime { get; init; }

    /// <summary>The time limit for the synchronization; null for <see cref="GuestAgentOptions.SyncTimeout"/>.</summary>
    public TimeSpan? SyncTimeout { get; init; }

    /// <summary>
    /// Sends the command together with the synchronization, if one is needed. The agent then executes it as soon as it reads it, even
    /// when the client has given up. Only for commands that are harmless when executed twice.
    /// </summary>
    public bool SendsWithSync { get; init; }

    /// <summary>Opens a new connection first.</summary>
    public bool OnFreshConnection { get; init; }

    /// <summary>Reads <c>guest-info</c> again first.</summary>
    public bool RefreshesInfo { get; init; }

    /// <summary>The phase of the call, for the message of a timeout.</summary>
    public AgentCallPhase Phase { get; set; }

    /// <summary>Whether sending has begun: from then on the agent may execute the command.</summary>
    public bool Sent { get; set; }

    /// <summary>When sending began: a timestamp of the client's clock.</summary>
    public long SentTimestamp { get; set; }

    /// <summary>When sending began.</summary>
    public DateTimeOffset SentAt { get; set; }
}

internal enum AgentCallPhase
{
    /// <summary>Waiting for another command to end.</summary>
    Waiting,

    /// <summary>Opening the socket.</summary>
    Connecting,

    /// <summary>Synchronizing with the agent.</summary>
    Synchronizing,

    /// <summary>Reading <c>guest-info</c>, or waiting for the answer to the command.</summary>
    Executing,
}

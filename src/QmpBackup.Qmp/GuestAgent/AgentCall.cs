using System.Text;

namespace QmpBackup.Qmp;

/// <summary>One command on its way to an agent.</summary>
internal sealed class AgentCall(QmpRequest request, TimeSpan timeout)
{
    public QmpRequest Request { get; } = request;

    public string Name => Request.Command;

    public TimeSpan Timeout { get; } = timeout;

    public ReadOnlyMemory<byte> Frame { get; } = Encoding.UTF8.GetBytes(request.ToJson() + "\n");

    /// <summary>How long the agent may take to synchronise; null for the client's own limit.</summary>
    public TimeSpan? SyncTimeout { get; init; }

    /// <summary>
    /// Sends the command together with the synchronisation where that is needed, so that the agent carries it out as soon as it
    /// comes to it, even when nobody is left to hear the answer. Only for what does no harm twice.
    /// </summary>
    public bool SendsWithSync { get; init; }

    /// <summary>Begins with a connection of its own.</summary>
    public bool OnFreshConnection { get; init; }

    /// <summary>Asks for <c>guest-info</c> anew.</summary>
    public bool RefreshesInfo { get; init; }

    /// <summary>What the call is at, for the message when its time runs out.</summary>
    public AgentCallPhase Phase { get; set; }

    /// <summary>Whether sending was begun: the agent may carry it out from here on.</summary>
    public bool Sent { get; set; }

    /// <summary>When sending was begun, by the clock of the client.</summary>
    public long SentTimestamp { get; set; }

    /// <summary>When sending was begun.</summary>
    public DateTimeOffset SentAt { get; set; }
}

internal enum AgentCallPhase
{
    /// <summary>Another command is under way.</summary>
    Waiting,

    /// <summary>The socket is being opened.</summary>
    Connecting,

    /// <summary>The agent is asked whether it listens.</summary>
    Synchronizing,

    /// <summary>The agent is asked what it can do, or the command is with it.</summary>
    Executing,
}

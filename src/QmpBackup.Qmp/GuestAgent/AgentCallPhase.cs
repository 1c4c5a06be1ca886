namespace QmpBackup.Qmp;

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

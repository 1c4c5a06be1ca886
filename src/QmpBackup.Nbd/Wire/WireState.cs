namespace QmpBackup.Nbd.Wire;

/// <summary>How far a request's messages are, apart from whether anyone still waits for it.</summary>
internal enum WireState
{
    /// <summary>Nothing sent, or everything answered.</summary>
    Idle,

    /// <summary>Waits to be sent.</summary>
    Queued,

    /// <summary>Its payload is being sent: the caller's memory is in use.</summary>
    Sending,

    /// <summary>Answered while its payload is still being sent.</summary>
    AnsweredWhileSending,

    /// <summary>Sent; the server owes the answer.</summary>
    AwaitingReply,
}

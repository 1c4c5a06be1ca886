namespace QmpBackup.Qmp;

/// <summary>The event ids of the log messages of this library. They never change their meaning.</summary>
public static class QmpLogEvents
{
    /// <summary>A session is ready. Information.</summary>
    public const int Connected = 1000;

    /// <summary>A session ended. Information when its owner ended it, else a warning.</summary>
    public const int Closed = 1001;

    /// <summary>QEMU greeted again and the negotiation is repeated. Warning.</summary>
    public const int RepeatedGreeting = 1002;

    /// <summary>A command was sent. Debug.</summary>
    public const int CommandSent = 1100;

    /// <summary>A command was answered. Debug.</summary>
    public const int CommandCompleted = 1101;

    /// <summary>A command was refused by QEMU. Debug: the caller gets an exception.</summary>
    public const int CommandFailed = 1102;

    /// <summary>A command has waited long for its answer. Warning.</summary>
    public const int SlowReply = 1103;

    /// <summary>An answer came after its caller had stopped waiting, and was dropped. Debug.</summary>
    public const int LateReply = 1104;

    /// <summary>An answer to a command that was never sent, dropped. Warning.</summary>
    public const int UnknownReply = 1105;

    /// <summary>QEMU reported an error without saying which command it belongs to. Warning.</summary>
    public const int ErrorWithoutId = 1106;

    /// <summary>A message that is neither answer, event nor greeting, dropped. Warning.</summary>
    public const int UnknownMessage = 1107;

    /// <summary>An event arrived. Debug.</summary>
    public const int EventReceived = 1200;

    /// <summary>A subscription is full and its oldest events are being dropped. Warning, once for each subscription.</summary>
    public const int EventsDropped = 1201;

    /// <summary>What was sent, with secrets left out. Trace.</summary>
    public const int PayloadSent = 1300;

    /// <summary>What was received, with secrets left out. Trace.</summary>
    public const int PayloadReceived = 1301;
}

namespace QmpBackup.Testing;

/// <summary>What a rule of a proxy does.</summary>
internal enum ProxyAction
{
    Forward,
    Answer,
    CutBefore,
    CutWithoutReply,
    CutAfterReply,
    SwallowReply,
    Hang,
}

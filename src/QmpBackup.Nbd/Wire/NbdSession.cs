using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Wire;

/// <summary>What the handshake agreed on.</summary>
internal sealed record NbdSession(
    NbdTransport Transport,
    ReceiveBuffer Input,
    NbdReplyMode ReplyMode,
    NbdExportInfo Export,
    IReadOnlyList<NbdMetaContext> MetaContexts,
    bool IsEncrypted);

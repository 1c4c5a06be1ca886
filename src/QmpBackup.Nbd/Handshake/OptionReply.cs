namespace QmpBackup.Nbd.Handshake;

/// <summary>One reply to an option.</summary>
internal readonly record struct OptionReply(uint Type, byte[] Payload)
{
    internal bool IsError => (Type & Protocol.NbdConstants.RepErrorBit) != 0;

    internal string Text => Protocol.EscapedText.From(Payload);
}

namespace QmpBackup.Nbd.Tests.Fakes;

/// <summary>The export that the fake server offers in the handshake.</summary>
internal sealed record FakeExport
{
    internal ulong Size { get; init; } = 1 << 20;

    internal NbdTransmissionFlags Flags { get; init; } =
        NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.SendFlush | NbdTransmissionFlags.SendFua | NbdTransmissionFlags.SendTrim
        | NbdTransmissionFlags.SendWriteZeroes | NbdTransmissionFlags.SendDf | NbdTransmissionFlags.SendCache
        | NbdTransmissionFlags.SendFastZero;

    internal NbdReplyMode Mode { get; init; } = NbdReplyMode.Structured;

    internal (uint Minimum, uint Preferred, uint Maximum)? Blocks { get; init; }

    internal string[] Contexts { get; init; } = [];

    /// <summary>The answer to NBD_OPT_LIST_META_CONTEXT.</summary>
    internal string[] Listed { get; init; } = [];
}

using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Wire;

/// <summary>The header of a structured or extended reply chunk.</summary>
internal readonly record struct ReplyChunk(NbdRequest Request, ushort Flags, ushort Type, ulong Length)
{
    internal bool IsDone => (Flags & NbdConstants.ReplyFlagDone) != 0;

    internal void Check(bool condition, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument("condition")] ViolationText text)
    {
        if (!condition)
            throw new NbdViolationException(text.ToString() + ".");
    }
}

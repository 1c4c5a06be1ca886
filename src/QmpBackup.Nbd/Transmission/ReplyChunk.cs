using System.Runtime.CompilerServices;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Transmission;

/// <summary>The header of a structured or extended reply chunk.</summary>
internal readonly record struct ReplyChunk(NbdRequest Request, ushort Flags, ushort Type, ulong Length)
{
    internal bool IsDone => (Flags & NbdConstants.ReplyFlagDone) != 0;

    internal void Check(bool condition, [InterpolatedStringHandlerArgument("condition")] ViolationText text)
    {
        if (!condition)
            throw new NbdViolationException(text.ToString() + ".");
    }
}

/// <summary>The text of a violation. It is built only if there is one, because the checks run for every chunk.</summary>
[InterpolatedStringHandler]
internal ref struct ViolationText
{
    private readonly string? _constant;
    private DefaultInterpolatedStringHandler _text;

    public ViolationText(int literalLength, int formattedCount, bool condition, out bool needed)
    {
        needed = !condition;
        _text = needed ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    private ViolationText(string constant) => _constant = constant;

    public static implicit operator ViolationText(string constant) => new(constant);

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public override string ToString() => _constant ?? _text.ToStringAndClear();
}

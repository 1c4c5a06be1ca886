using System.Runtime.CompilerServices;

namespace QmpBackup.Nbd.Wire;

/// <summary>The text of a violation, composed only when there is one: the checks are on the hot path.</summary>
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

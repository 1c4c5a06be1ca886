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

/// <summary>
/// The bytes of a read that have arrived. Each byte must arrive exactly once, in any order of the chunks. Chunks that arrive in order,
/// which is usual, are one growing range.
/// </summary>
internal sealed class ReadCoverage
{
    /// <summary>Limit of separate ranges: a hostile server could send a reply with gaps without end.</summary>
    private const int MaxRanges = 4096;

    private readonly List<(long Start, long End)> _ranges = [];

    internal void Clear() => _ranges.Clear();

    internal bool IsComplete(long length) => _ranges.Count == 1 && _ranges[0] == (0, length);

    /// <summary>Adds a range. Returns a violation as the end of a sentence, or null.</summary>
    internal string? Add(long start, long end)
    {
        var low = 0;
        var high = _ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].End <= start)
                low = middle + 1;
            else
                high = middle;
        }

        // low is the first range that ends after the start of the new one.
        if (low < _ranges.Count && _ranges[low].Start < end)
            return "overlaps an earlier chunk";
        var joinsNext = low < _ranges.Count && _ranges[low].Start == end;
        if (low > 0 && _ranges[low - 1].End == start)
        {
            _ranges[low - 1] = (_ranges[low - 1].Start, joinsNext ? _ranges[low].End : end);
            if (joinsNext)
                _ranges.RemoveAt(low);
            return null;
        }

        if (joinsNext)
        {
            _ranges[low] = (start, _ranges[low].End);
            return null;
        }

        if (_ranges.Count == MaxRanges)
            return "splits the reply into too many pieces";
        _ranges.Insert(low, (start, end));
        return null;
    }
}

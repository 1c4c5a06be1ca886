using System.Buffers;

namespace QmpBackup.Qmp;

/// <summary>
/// Finds the end of a JSON object that arrives in pieces. It looks at each byte once, so the number of pieces does not matter.
/// </summary>
/// <remarks>
/// It only balances brackets outside strings; the parser checks the JSON. It must start at an opening brace.
/// </remarks>
internal struct JsonFrameScanner(int maxDepth)
{
    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create("\"\\"u8);

    private int _depth;
    private bool _inString;
    private bool _escaped;

    /// <summary>Whether the scanner is inside an object.</summary>
    public readonly bool IsInside => _depth > 0;

    /// <summary>Scans the next piece.</summary>
    /// <param name="data">The bytes after those already scanned.</param>
    /// <param name="consumed">How many of these bytes belong to the object.</param>
    /// <returns>Whether the object is complete. If so, the scanner is ready for the next one.</returns>
    /// <exception cref="JsonFrameException">The object is nested too deeply.</exception>
    public bool Scan(ReadOnlySpan<byte> data, out int consumed)
    {
        var position = 0;
        while (position < data.Length)
        {
            if (_inString)
            {
                position = ScanString(data, position);
                continue;
            }

            var next = data[position..].IndexOfAny(Structure);
            if (next < 0)
                break;
            position += next;
            switch (data[position++])
            {
                case (byte)'"':
                    _inString = true;
                    break;
                case (byte)'{' or (byte)'[':
                    if (++_depth > maxDepth)
                        throw new JsonFrameException(JsonFrameFault.TooDeep, $"A message is nested more than {maxDepth} levels deep.");
                    break;
                default:
                    if (--_depth <= 0)
                    {
                        _depth = 0;
                        consumed = position;
                        return true;
                    }

                    break;
            }
        }

        consumed = data.Length;
        return false;
    }

    private int ScanString(ReadOnlySpan<byte> data, int position)
    {
        if (_escaped)
        {
            _escaped = false;
            return position + 1;
        }

        var next = data[position..].IndexOfAny(StringEnds);
        if (next < 0)
            return data.Length;
        position += next;
        if (data[position] == (byte)'"')
            _inString = false;
        else
            _escaped = true;
        return position + 1;
    }
}

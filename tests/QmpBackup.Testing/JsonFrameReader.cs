namespace QmpBackup.Testing;

/// <summary>Cuts a byte stream into top-level JSON objects; bytes between objects (white space, 0xFF) are skipped.</summary>
public sealed class JsonFrameReader(Stream stream)
{
    private readonly List<byte> _frame = [];
    private readonly byte[] _buffer = new byte[65536];
    private int _next;
    private int _end;

    /// <summary>Called with an unfinished object that a 0xFF ends.</summary>
    public Func<byte[], ValueTask>? Dropped { get; init; }

    /// <summary>Whether a 0xFF came before the object read last: the sentinel of the guest agent's protocol.</summary>
    public bool SawSentinel { get; private set; }

    /// <summary>The next whole object, or null at the end of the stream (also in the middle of an object).</summary>
    public async ValueTask<byte[]?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var depth = 0;
        var inString = false;
        var escaped = false;
        _frame.Clear();
        SawSentinel = false;
        while (true)
        {
            if (_next == _end)
            {
                _next = 0;
                _end = await stream.ReadAsync(_buffer, cancellationToken);
                if (_end == 0)
                    return null;
            }

            var b = _buffer[_next++];
            if (b == 0xff)
            {
                // It also ends an unfinished message of a client.
                SawSentinel = true;
                if (Dropped is not null && _frame.Count > 0)
                    await Dropped([.. _frame]);
                depth = 0;
                inString = escaped = false;
                _frame.Clear();
                continue;
            }

            if (depth == 0 && b != (byte)'{')
                continue;
            _frame.Add(b);
            if (inString)
            {
                if (escaped)
                    escaped = false;
                else if (b == (byte)'\\')
                    escaped = true;
                else if (b == (byte)'"')
                    inString = false;
                continue;
            }

            if (b == (byte)'"')
                inString = true;
            else if (b == (byte)'{')
                depth++;
            else if (b == (byte)'}' && --depth == 0)
                return [.. _frame];
        }
    }
}

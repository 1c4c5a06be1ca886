namespace QmpBackup.Testing;

/// <summary>The lines that a process printed so far, with a way to wait for one.</summary>
public sealed class LineLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    /// <summary>Number of lines so far: a position to wait from.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _lines.Count;
        }
    }

    /// <summary>Everything so far.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>A copy of the lines so far.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
                return [.. _lines];
        }
    }

    /// <summary>Waits for a line at or after <paramref name="from"/> that matches; returns it and its index.</summary>
    /// <exception cref="EndOfStreamException">The stream ended without such a line.</exception>
    public async Task<(int Index, string Line)> WaitForAsync(Func<string, bool> match, int from = 0, CancellationToken cancellationToken = default)
    {
        var next = from;
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                for (; next < _lines.Count; next++)
                {
                    if (match(_lines[next]))
                        return (next, _lines[next]);
                }

                if (_ended)
                    throw new EndOfStreamException($"The output ended without the line waited for:\n{string.Join('\n', _lines)}");
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    internal void Add(string? line)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (line is null)
                _ended = true;
            else
                _lines.Add(line);
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }
}

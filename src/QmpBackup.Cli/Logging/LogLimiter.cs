using Microsoft.Extensions.Logging;

namespace QmpBackup.Cli.Logging;

/// <summary>
/// Limits how many messages of one kind are logged, whatever a peer sends: a burst, then a few per second. The others are counted.
/// There is no limit with -vvv.
/// </summary>
internal sealed class LogLimiter(TimeProvider time)
{
    private readonly Dictionary<(string Category, int Event), Kind> _kinds = [];

    /// <summary>Asks whether a message may be logged.</summary>
    /// <param name="level">Its level.</param>
    /// <param name="category">Where it comes from.</param>
    /// <param name="id">The kind of message there.</param>
    /// <param name="leftOut">How many of its kind were left out since the last logged one.</param>
    public bool Admits(LogLevel level, string category, int id, out long leftOut)
    {
        leftOut = 0;
        if (level == LogLevel.Trace)
            return true;
        var (burst, perSecond) = level >= LogLevel.Warning ? (20, 1) : (1000, 20);
        if (!_kinds.TryGetValue((category, id), out var kind))
            _kinds.Add((category, id), kind = new Kind { Level = level, Left = burst, Since = time.GetTimestamp() });
        kind.Left = Math.Min(burst, kind.Left + (time.GetElapsedTime(kind.Since).TotalSeconds * perSecond));
        kind.Since = time.GetTimestamp();
        if (kind.Left < 1)
        {
            kind.LeftOut++;
            return false;
        }

        kind.Left--;
        (leftOut, kind.LeftOut) = (kind.LeftOut, 0);
        return true;
    }

    /// <summary>What was left out and not reported yet.</summary>
    public IEnumerable<(LogLevel Level, string Category, long LeftOut)> Rest() =>
        _kinds.Where(k => k.Value.LeftOut > 0).Select(k => (k.Value.Level, k.Key.Category, k.Value.LeftOut));

    private sealed class Kind
    {
        public required LogLevel Level { get; init; }

        public required double Left { get; set; }

        public required long Since { get; set; }

        public long LeftOut { get; set; }
    }
}

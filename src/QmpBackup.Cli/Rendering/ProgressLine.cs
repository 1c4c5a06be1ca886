using System.Globalization;
using System.Text.Json;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>Shows progress on standard error.</summary>
internal sealed class ProgressLine(IConsole console, ProgressStyle style, TimeProvider time) : IProgress<PullProgress>, IDisposable
{
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private long? _last;
    private bool _ended;
    private int _width;

    /// <summary>What receives progress; null if none is shown.</summary>
    public IProgress<PullProgress>? Target => style == ProgressStyle.None ? null : this;

    public void Report(PullProgress value)
    {
        lock (_lock)
        {
            var done = value.Done >= value.Total;
            // The end is reported at once, and only once.
            if (style == ProgressStyle.Plain && (!done || _ended) && _last is { } last && time.GetElapsedTime(last) < PlainInterval)
                return;
            _ended = done;
            _last = time.GetTimestamp();
            Write(style switch
            {
                ProgressStyle.Json => JsonSerializer.Serialize(Document(value), CompactJsonContext.Default.ProgressDto) + "\n",
                ProgressStyle.Plain => Text(value) + "\n",
                _ => Overwrite(Text(value)),
            });
        }
    }

    /// <summary>Clears the line.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (style == ProgressStyle.Auto && _width > 0)
                Write(Overwrite("") + "\r");
            _width = 0;
        }
    }

    internal static string Text(PullProgress value)
    {
        var percent = value.Total > 0 ? 100 * (double)value.Done / value.Total : 100;
        var remaining = value.Remaining is { } left && value.Done < value.Total ? $", {Duration(left)} left" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{percent,3:0} %  {Humane.Size(value.Done)} of {Humane.Size(value.Total)}, "
                + $"{Humane.Size((long)value.BytesPerSecond)}/s{remaining}");
    }

    private static ProgressDto Document(PullProgress value) =>
        new(value.Done, value.Total, value.BytesRead, Math.Round(value.BytesPerSecond), value.Remaining?.TotalSeconds);

    private static string Duration(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalSeconds)} s");

    private string Overwrite(string text)
    {
        if (console.Width is { } columns && text.Length >= columns)
            text = text[..Math.Max(0, columns - 1)];
        var line = "\r" + text.PadRight(_width);
        _width = text.Length;
        return line;
    }

    private void Write(string text)
    {
        try
        {
            console.Error.Write(text);
            console.Error.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Standard error is closed. The work goes on.
        }
    }
}

/// <summary>How progress is shown.</summary>
internal enum ProgressStyle
{
    /// <summary>One line of a terminal, updated.</summary>
    Auto,

    /// <summary>A line every few seconds.</summary>
    Plain,

    /// <summary>One JSON document per line.</summary>
    Json,

    /// <summary>Nothing.</summary>
    None,
}

using System.Globalization;

namespace QmpBackup.Qmp;

/// <summary>Time limits: their text in messages, and the values that are allowed.</summary>
internal static class Durations
{
    /// <summary>The duration as a person reads it, such as <c>1.5 s</c> or <c>200 ms</c>.</summary>
    public static string Text(TimeSpan duration) => duration.TotalSeconds >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.#} s")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0} ms");

    /// <exception cref="ArgumentOutOfRangeException">The value is not a valid time limit.</exception>
    public static void ValidateTimeout(TimeSpan value, string name)
    {
        // CancellationTokenSource takes no more milliseconds than this.
        if (value != Timeout.InfiniteTimeSpan && (value <= TimeSpan.Zero || value.TotalMilliseconds > uint.MaxValue - 1))
            throw new ArgumentOutOfRangeException(name, value, "A time limit must be more than zero and at most 49 days, or infinite.");
    }

    /// <exception cref="ArgumentOutOfRangeException">The value is not a valid budget.</exception>
    public static void ValidateBudget(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value.TotalDays > 1)
            throw new ArgumentOutOfRangeException(name, value, "A budget must be more than zero and at most one day.");
    }
}

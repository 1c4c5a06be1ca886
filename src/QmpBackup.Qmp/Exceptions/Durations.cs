using System.Globalization;

namespace QmpBackup.Qmp;

/// <summary>Durations as a person reads them.</summary>
internal static class Durations
{
    public static string Text(TimeSpan duration) => duration.TotalSeconds >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.#} s")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0} ms");
}

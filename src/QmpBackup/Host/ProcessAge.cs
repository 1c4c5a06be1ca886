using System.Globalization;

namespace QmpBackup.Host;

/// <summary>Tells one process from a later one with the same number.</summary>
internal static class ProcessAge
{
    // Of the fields after the name, which may hold anything.
    private const int BeganAtField = 19;

    /// <summary>When a process began, in ticks since the boot.</summary>
    /// <param name="pid">The process.</param>
    /// <returns>Null where there is no such process, or it cannot be seen.</returns>
    public static long? BeganAt(int pid)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > BeganAtField && fields[0] is not ("Z" or "X")
                && long.TryParse(fields[BeganAtField], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

namespace QmpBackup.Hosting;

/// <summary>Reads what a program prints, so that it never blocks, and keeps the beginning.</summary>
internal static class ProcessText
{
    private const int Kept = 4096;

    /// <summary>Reads to the end.</summary>
    /// <param name="reader">The program's output.</param>
    /// <returns>The first lines, as one line without control characters.</returns>
    public static async Task<string> ReadAsync(StreamReader reader)
    {
        var buffer = new char[1024];
        var text = new System.Text.StringBuilder();
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            text.Append(buffer, 0, Math.Min(read, Kept - text.Length));

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i])) text[i] = ' ';
        }

        return text.ToString().Trim().TrimEnd('.');
    }
}

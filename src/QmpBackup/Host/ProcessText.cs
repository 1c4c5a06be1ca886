using System.Text;

namespace QmpBackup.Host;

/// <summary>Reads what a program prints, so that it never blocks, and keeps the end: that is where it says why it failed.</summary>
internal static class ProcessText
{
    private const int Kept = 4096;
    private const string Cut = "… ";

    /// <summary>Reads to the end.</summary>
    /// <param name="reader">The program's output.</param>
    /// <returns>The last lines, as one line without control characters.</returns>
    public static async Task<string> ReadAsync(TextReader reader)
    {
        var buffer = new char[1024];
        var text = new StringBuilder();
        var isCut = false;
        int read;
        while ((read = await reader.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            text.Append(buffer, 0, read);
            if (text.Length <= Kept)
                continue;
            text.Remove(0, text.Length - Kept);
            isCut = true;
        }

        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
                text[i] = ' ';
        }

        return (isCut ? Cut : "") + text.ToString().Trim().TrimEnd('.');
    }
}

using System.Text.Json;
using QmpBackup.Repositories;

namespace QmpBackup.Pulling;

/// <summary>Remembers how far the pull of a disk is.</summary>
internal static class DiskJournal
{
    /// <summary>Reads a journal.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Null where there is none, or none that can be read.</returns>
    public static DiskTally? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), RepositoryJsonContext.Default.DiskTally) is { NextBlock: >= 0 } tally ? tally : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes a journal.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tally">What is done and safe.</param>
    public static void Write(string path, DiskTally tally) => SafeFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(tally, RepositoryJsonContext.Default.DiskTally));
}

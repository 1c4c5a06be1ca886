namespace QmpBackup.Host;

/// <summary>Says in the terms of a backup what went wrong with a repository's files.</summary>
internal static class StorageFailure
{
    /// <summary>Whether a failure is one of files.</summary>
    /// <param name="failure">The failure.</param>
    public static bool Is(Exception failure) => failure is IOException or UnauthorizedAccessException;

    /// <summary>The explanation.</summary>
    /// <param name="path">What was worked on.</param>
    /// <param name="failure">The failure.</param>
    public static BackupException Explain(string path, Exception failure) =>
        new(BackupErrorCode.Storage, $"{FileFailure.Explain(path, failure)}.", "See whether there is space, and whether qbackup may read and write there.", failure);
}

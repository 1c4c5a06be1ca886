namespace QmpBackup;

/// <summary>The point in time that is being read is gone for good: what was read of it serves nobody.</summary>
internal sealed class PointLostException(BackupException reason) : Exception(reason.Message, reason)
{
    public BackupException Reason { get; } = reason;
}

namespace QmpBackup.Testing;

/// <summary>A write of the "guest" failed: the backup or the test harmed the VM.</summary>
public sealed class GuestIoException(string message) : IOException(message);

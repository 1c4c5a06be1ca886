namespace QmpBackup.Testing;

/// <summary>A write of the "guest" failed: the backup, or the test, did harm.</summary>
public sealed class GuestIoException(string message) : IOException(message);

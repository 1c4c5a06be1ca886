namespace QmpBackup.Qmp;

/// <summary>What came of a thaw. The guest said that it is thawed.</summary>
/// <param name="FileSystems">
/// How many file systems the agent said it thawed; 0 when none was frozen any more, null when the answer that would tell was lost or
/// an error.
/// </param>
/// <param name="ThawedAt">When the thaw was answered.</param>
/// <param name="Attempts">How many attempts it took; 0 when there was nothing to thaw.</param>
public sealed record GuestThawResult(long? FileSystems, DateTimeOffset ThawedAt, int Attempts);

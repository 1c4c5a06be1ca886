namespace QmpBackup.Testing;

/// <summary>A command that a fake agent got.</summary>
/// <param name="Name">The command.</param>
/// <param name="Message">The whole message.</param>
/// <param name="At">When the agent began with it.</param>
public sealed record AgentCall(string Name, string Message, DateTimeOffset At);

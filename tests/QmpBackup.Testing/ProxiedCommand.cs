namespace QmpBackup.Testing;

/// <summary>A command that a client sent through a <see cref="QmpProxy"/>.</summary>
/// <param name="Connection">Number of the client's connection, from 0.</param>
/// <param name="Name">The command.</param>
/// <param name="Message">The whole message.</param>
public sealed record ProxiedCommand(int Connection, string Name, string Message);

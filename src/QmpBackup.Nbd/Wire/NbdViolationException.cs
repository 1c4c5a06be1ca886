namespace QmpBackup.Nbd.Wire;

/// <summary>Within the receive loop: the server broke the protocol.</summary>
internal sealed class NbdViolationException(string message) : Exception(message);

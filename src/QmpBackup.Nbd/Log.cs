using Microsoft.Extensions.Logging;

namespace QmpBackup.Nbd;

/// <summary>Everything the library logs. Text of a server is escaped before it gets here.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "Connecting to the NBD server at {Endpoint}")]
    internal static partial void Connecting(ILogger logger, string endpoint);

    [LoggerMessage(2, LogLevel.Debug, "NBD export \"{Export}\": {Size} bytes, {Flags}, {Mode} replies, blocks {Minimum}/{Preferred}/{Maximum}, TLS {Encrypted}, contexts {Contexts}")]
    internal static partial void Negotiated(
        ILogger logger, string export, ulong size, NbdTransmissionFlags flags, NbdReplyMode mode, uint minimum, uint preferred, uint maximum, bool encrypted, string contexts);

    [LoggerMessage(3, LogLevel.Debug, "The NBD server refused {Option}: {Error} {Text}")]
    internal static partial void OptionRefused(ILogger logger, string option, string error, string text);

    [LoggerMessage(4, LogLevel.Debug, "NBD connection closed: {Message}")]
    internal static partial void Closed(ILogger logger, string message);

    // Whoever uses the connection gets this as an exception; a client of many connections loses all of them at once.
    [LoggerMessage(5, LogLevel.Debug, "NBD connection lost ({Reason}): {Message}")]
    internal static partial void Lost(ILogger logger, NbdCloseReason reason, string message);

    [LoggerMessage(6, LogLevel.Debug, "{Message}")]
    internal static partial void CommandFailed(ILogger logger, string message);

    [LoggerMessage(7, LogLevel.Debug, "{Command} at {Offset}, length {Length}, was not answered in time")]
    internal static partial void CommandTimedOut(ILogger logger, NbdCommand command, ulong offset, ulong length);

    [LoggerMessage(8, LogLevel.Debug, "The goodbye to the NBD server could not be sent")]
    internal static partial void GoodbyeFailed(ILogger logger, Exception exception);

    [LoggerMessage(9, LogLevel.Debug, "The export does not allow several connections: {Wanted} were asked for, 1 is used")]
    internal static partial void NoMultiConn(ILogger logger, int wanted);

    [LoggerMessage(10, LogLevel.Debug, "TLS with the NBD server: {Protocol}, {Cipher}")]
    internal static partial void Encrypted(ILogger logger, System.Security.Authentication.SslProtocols protocol, System.Net.Security.TlsCipherSuite cipher);
}

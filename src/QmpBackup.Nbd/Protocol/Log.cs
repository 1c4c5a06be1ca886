using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging;

namespace QmpBackup.Nbd.Protocol;

/// <summary>Every log message of the library. Callers escape the text of a server first.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "Connecting to the NBD server at {Endpoint}")]
    internal static partial void Connecting(ILogger logger, string endpoint);

    [LoggerMessage(
        2,
        LogLevel.Debug,
        "NBD export \"{Export}\": {Size} bytes, {Flags}, {Mode} replies, blocks {Minimum}/{Preferred}/{Maximum}, "
            + "TLS {Encrypted}, contexts {Contexts}")]
    internal static partial void Negotiated(
        ILogger logger, string export, long size, NbdTransmissionFlags flags, NbdReplyMode mode, long minimum, long preferred, long maximum,
        bool encrypted, string contexts);

    [LoggerMessage(3, LogLevel.Debug, "The NBD server refused {Option}: {Error} {Text}")]
    internal static partial void OptionRefused(ILogger logger, string option, string error, string text);

    [LoggerMessage(4, LogLevel.Debug, "NBD connection closed: {Message}")]
    internal static partial void Closed(ILogger logger, string message);

    // Debug only: the caller gets an exception, and a client with many connections loses all of them at once.
    [LoggerMessage(5, LogLevel.Debug, "NBD connection lost ({Reason}): {Message}")]
    internal static partial void Lost(ILogger logger, NbdCloseReason reason, string message);

    [LoggerMessage(6, LogLevel.Debug, "{Message}")]
    internal static partial void CommandFailed(ILogger logger, string message);

    [LoggerMessage(7, LogLevel.Debug, "The NBD server did not answer {Command} at {Offset}, length {Length}, in time")]
    internal static partial void CommandTimedOut(ILogger logger, NbdCommand command, long offset, long length);

    [LoggerMessage(8, LogLevel.Debug, "Cannot send NBD_CMD_DISC to the NBD server")]
    internal static partial void DisconnectFailed(ILogger logger, Exception exception);

    [LoggerMessage(9, LogLevel.Debug, "The export does not allow several connections: using 1 of {Requested}")]
    internal static partial void NoMultiConn(ILogger logger, int requested);

    [LoggerMessage(10, LogLevel.Debug, "TLS with the NBD server: {Protocol}, {Cipher}")]
    internal static partial void Encrypted(ILogger logger, SslProtocols protocol, TlsCipherSuite cipher);
}

/// <summary>Makes the text of a server safe for a terminal, a log line and an exception message.</summary>
internal static class EscapedText
{
    private const int MaxShown = 1024;

    internal static string From(ReadOnlySpan<byte> utf8)
    {
        var text = new StringBuilder(Math.Min(utf8.Length, MaxShown));
        while (!utf8.IsEmpty)
        {
            if (text.Length >= MaxShown)
                return text.Append('…').ToString();
            if (Rune.DecodeFromUtf8(utf8, out var rune, out var used) != System.Buffers.OperationStatus.Done)
                text.Append("\\x").Append(utf8[0].ToString("x2", CultureInfo.InvariantCulture));
            else
                Append(text, rune);
            utf8 = utf8[used..];
        }

        return text.ToString();
    }

    internal static string From(string value) => From(Encoding.UTF8.GetBytes(value));

    private static void Append(StringBuilder text, Rune rune)
    {
        // The category Format contains the bidirectional overrides: they make a terminal show a different text.
        var visible = Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
        if (visible && rune.Value != '\\')
            text.Append(rune.ToString());
        else if (rune.Value == '\\')
            text.Append("\\\\");
        else if (rune.Value < 0x80)
            text.Append("\\x").Append(rune.Value.ToString("x2", CultureInfo.InvariantCulture));
        else
            text.Append("\\u{").Append(rune.Value.ToString("x", CultureInfo.InvariantCulture)).Append('}');
    }
}

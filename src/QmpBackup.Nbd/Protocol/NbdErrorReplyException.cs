using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>
/// The server answered a command with an error. The connection stays usable, except after <see cref="NbdError.ESHUTDOWN"/>.
/// </summary>
public sealed class NbdCommandException : NbdException
{
    internal NbdCommandException(NbdCommand command, NbdError error, long offset, long length, long? errorOffset, string serverMessage)
        : base(Describe(command, error, offset, length, errorOffset, serverMessage))
    {
        Command = command;
        Error = error;
        ErrorName = NbdConstants.ErrorName(error);
        Offset = offset;
        Length = length;
        ErrorOffset = errorOffset;
        ServerMessage = serverMessage;
    }

    /// <summary>The command that failed.</summary>
    public NbdCommand Command { get; }

    /// <summary>The error. Treat a value without a name like <see cref="NbdError.EINVAL"/>.</summary>
    public NbdError Error { get; }

    /// <summary>The name of the error, such as <c>EIO</c>; <c>errno N</c> for a number that NBD does not define.</summary>
    public string ErrorName { get; }

    /// <summary>Offset of the request, in bytes.</summary>
    public long Offset { get; }

    /// <summary>Length of the request, in bytes. A long call is split into several requests: this is the one that failed.</summary>
    public long Length { get; }

    /// <summary>Offset of the failure in bytes, if the server sent it (<c>NBD_REPLY_TYPE_ERROR_OFFSET</c>); otherwise null.</summary>
    public long? ErrorOffset { get; }

    /// <summary>The server's message, with control characters escaped; empty if it sent none.</summary>
    public string ServerMessage { get; }

    private static string Describe(NbdCommand command, NbdError error, long offset, long length, long? errorOffset, string serverMessage)
    {
        var range = command == NbdCommand.Flush ? "" : $" at offset {offset}, length {length}";
        var exact = errorOffset is { } at ? $", failing at {at}" : "";
        var detail = serverMessage.Length == 0 ? "" : $" ({serverMessage})";
        return $"{NbdConstants.CommandName(command)}{range}{exact}: {NbdConstants.ErrorName(error)}{detail}";
    }
}

/// <summary>The server refused an option of the handshake, for example because the export does not exist.</summary>
public sealed class NbdOptionException : NbdException
{
    internal NbdOptionException(uint option, uint error, string subject, string serverMessage)
        : base(Describe(option, error, subject, serverMessage))
    {
        OptionName = NbdConstants.OptionName(option);
        ErrorCode = error;
        ErrorName = NbdConstants.OptionErrorName(error);
        ServerMessage = serverMessage;
    }

    /// <summary>The name of the option in the specification, such as <c>NBD_OPT_GO</c>.</summary>
    public string OptionName { get; }

    /// <summary>The number of the error; bit 31 is always set.</summary>
    public uint ErrorCode { get; }

    /// <summary>The name of the error in the specification, such as <c>NBD_REP_ERR_UNKNOWN</c>.</summary>
    public string ErrorName { get; }

    /// <summary>The server's message, with control characters escaped; empty if it sent none.</summary>
    public string ServerMessage { get; }

    private static string Describe(uint option, uint error, string subject, string serverMessage)
    {
        var text = $"The NBD server refused {NbdConstants.OptionName(option)}{subject}: {NbdConstants.OptionErrorName(error)}";
        return serverMessage.Length == 0 ? text : $"{text} ({serverMessage})";
    }
}

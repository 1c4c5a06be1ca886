using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>The server answered a command with an error. The connection stays usable, except after <see cref="NbdError.ESHUTDOWN"/>.</summary>
public sealed class NbdCommandException : NbdException
{
    internal NbdCommandException(NbdCommand command, NbdError error, ulong offset, ulong length, ulong? errorOffset, string serverMessage)
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

    /// <summary>The error; a value without a name is to be treated like <see cref="NbdError.EINVAL"/>.</summary>
    public NbdError Error { get; }

    /// <summary>The error's name, as <c>EIO</c>; <c>errno N</c> for a number that NBD does not define.</summary>
    public string ErrorName { get; }

    /// <summary>Where the request began, in bytes.</summary>
    public ulong Offset { get; }

    /// <summary>How long the request was, in bytes. A long call is split: this is the part that failed.</summary>
    public ulong Length { get; }

    /// <summary>Where exactly it failed, if the server said (<c>NBD_REPLY_TYPE_ERROR_OFFSET</c>).</summary>
    public ulong? ErrorOffset { get; }

    /// <summary>What the server said about it, with control characters escaped; empty if it said nothing.</summary>
    public string ServerMessage { get; }

    private static string Describe(NbdCommand command, NbdError error, ulong offset, ulong length, ulong? errorOffset, string serverMessage)
    {
        var place = command == NbdCommand.Flush ? "" : $" at offset {offset}, length {length}";
        var exact = errorOffset is { } at ? $", failing at {at}" : "";
        var said = serverMessage.Length == 0 ? "" : $" ({serverMessage})";
        return $"{NbdConstants.CommandName(command)}{place}{exact}: {NbdConstants.ErrorName(error)}{said}";
    }
}

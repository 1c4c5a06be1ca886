using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd;

/// <summary>The server refused an option of the handshake, for instance because the export does not exist.</summary>
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

    /// <summary>The option's name in the specification, as <c>NBD_OPT_GO</c>.</summary>
    public string OptionName { get; }

    /// <summary>The error's number; bit 31 is always set.</summary>
    public uint ErrorCode { get; }

    /// <summary>The error's name in the specification, as <c>NBD_REP_ERR_UNKNOWN</c>.</summary>
    public string ErrorName { get; }

    /// <summary>What the server said about it, with control characters escaped; empty if it said nothing.</summary>
    public string ServerMessage { get; }

    private static string Describe(uint option, uint error, string subject, string serverMessage)
    {
        var text = $"The NBD server refused {NbdConstants.OptionName(option)}{subject}: {NbdConstants.OptionErrorName(error)}";
        return serverMessage.Length == 0 ? text : $"{text} ({serverMessage})";
    }
}

using System.Globalization;

namespace QmpBackup.Nbd.Protocol;

/// <summary>Numbers of the protocol, and their names in the specification.</summary>
internal static class NbdConstants
{
    internal const ulong InitMagic = 0x4e42444d41474943;
    internal const ulong OptionMagic = 0x49484156454f5054;
    internal const ulong OldStyleMagic = 0x0000420281861253;
    internal const ulong OptionReplyMagic = 0x0003e889045565a9;

    internal const ushort FlagFixedNewstyle = 1;
    internal const ushort FlagNoZeroes = 2;

    internal const uint OptExportName = 1;
    internal const uint OptAbort = 2;
    internal const uint OptList = 3;
    internal const uint OptStartTls = 5;
    internal const uint OptInfo = 6;
    internal const uint OptGo = 7;
    internal const uint OptStructuredReply = 8;
    internal const uint OptListMetaContext = 9;
    internal const uint OptSetMetaContext = 10;
    internal const uint OptExtendedHeaders = 11;

    internal const uint RepAck = 1;
    internal const uint RepServer = 2;
    internal const uint RepInfo = 3;
    internal const uint RepMetaContext = 4;
    internal const uint RepErrorBit = 0x80000000;
    internal const uint RepErrUnsup = RepErrorBit + 1;
    internal const uint RepErrTlsRequired = RepErrorBit + 5;
    internal const uint RepErrTooBig = RepErrorBit + 9;

    internal const ushort InfoExport = 0;
    internal const ushort InfoName = 1;
    internal const ushort InfoDescription = 2;
    internal const ushort InfoBlockSize = 3;

    internal const uint RequestMagic = 0x25609513;
    internal const uint ExtendedRequestMagic = 0x21e41c71;
    internal const uint SimpleReplyMagic = 0x67446698;
    internal const uint StructuredReplyMagic = 0x668e33ef;
    internal const uint ExtendedReplyMagic = 0x6e8a278c;

    internal const int RequestLength = 28;
    internal const int ExtendedRequestLength = 32;
    internal const int SimpleReplyLength = 16;
    internal const int StructuredReplyLength = 20;
    internal const int ExtendedReplyLength = 32;

    internal const ushort CommandFlagPayloadLength = 1 << 5;
    internal const ushort ReplyFlagDone = 1;

    internal const ushort ReplyNone = 0;
    internal const ushort ReplyOffsetData = 1;
    internal const ushort ReplyOffsetHole = 2;
    internal const ushort ReplyBlockStatus = 5;
    internal const ushort ReplyBlockStatusExtended = 6;
    internal const ushort ReplyErrorBit = 1 << 15;
    internal const ushort ReplyError = ReplyErrorBit + 1;
    internal const ushort ReplyErrorOffset = ReplyErrorBit + 2;

    /// <summary>The specification's limit of every string, in bytes.</summary>
    internal const int MaxString = 4096;

    /// <summary>The payload that every server must accept if it advertises no limit, in bytes.</summary>
    internal const uint DefaultMaxPayload = 32 * 1024 * 1024;

    /// <summary>The specification's limit of extents in one chunk (2^20).</summary>
    internal const int MaxExtentsPerChunk = 1 << 20;

    internal static string OptionName(uint option) => option switch
    {
        OptExportName => "NBD_OPT_EXPORT_NAME",
        OptAbort => "NBD_OPT_ABORT",
        OptList => "NBD_OPT_LIST",
        OptStartTls => "NBD_OPT_STARTTLS",
        OptInfo => "NBD_OPT_INFO",
        OptGo => "NBD_OPT_GO",
        OptStructuredReply => "NBD_OPT_STRUCTURED_REPLY",
        OptListMetaContext => "NBD_OPT_LIST_META_CONTEXT",
        OptSetMetaContext => "NBD_OPT_SET_META_CONTEXT",
        OptExtendedHeaders => "NBD_OPT_EXTENDED_HEADERS",
        _ => "NBD option " + option.ToString(CultureInfo.InvariantCulture),
    };

    internal static string OptionErrorName(uint error) => error switch
    {
        RepErrUnsup => "NBD_REP_ERR_UNSUP",
        RepErrorBit + 2 => "NBD_REP_ERR_POLICY",
        RepErrorBit + 3 => "NBD_REP_ERR_INVALID",
        RepErrorBit + 4 => "NBD_REP_ERR_PLATFORM",
        RepErrTlsRequired => "NBD_REP_ERR_TLS_REQD",
        RepErrorBit + 6 => "NBD_REP_ERR_UNKNOWN",
        RepErrorBit + 7 => "NBD_REP_ERR_SHUTDOWN",
        RepErrorBit + 8 => "NBD_REP_ERR_BLOCK_SIZE_REQD",
        RepErrTooBig => "NBD_REP_ERR_TOO_BIG",
        RepErrorBit + 10 => "NBD_REP_ERR_EXT_HEADER_REQD",
        _ => "NBD_REP_ERR 0x" + error.ToString("x8", CultureInfo.InvariantCulture),
    };

    internal static string ErrorName(NbdError error) => error switch
    {
        NbdError.EPERM => "EPERM",
        NbdError.EIO => "EIO",
        NbdError.ENOMEM => "ENOMEM",
        NbdError.EINVAL => "EINVAL",
        NbdError.ENOSPC => "ENOSPC",
        NbdError.EOVERFLOW => "EOVERFLOW",
        NbdError.ENOTSUP => "ENOTSUP",
        NbdError.ESHUTDOWN => "ESHUTDOWN",
        _ => "errno " + ((uint)error).ToString(CultureInfo.InvariantCulture),
    };

    internal static string CommandName(NbdCommand command) => command switch
    {
        NbdCommand.Read => "NBD_CMD_READ",
        NbdCommand.Write => "NBD_CMD_WRITE",
        NbdCommand.Disconnect => "NBD_CMD_DISC",
        NbdCommand.Flush => "NBD_CMD_FLUSH",
        NbdCommand.Trim => "NBD_CMD_TRIM",
        NbdCommand.Cache => "NBD_CMD_CACHE",
        NbdCommand.WriteZeroes => "NBD_CMD_WRITE_ZEROES",
        NbdCommand.BlockStatus => "NBD_CMD_BLOCK_STATUS",
        _ => "NBD command " + ((int)command).ToString(CultureInfo.InvariantCulture),
    };
}

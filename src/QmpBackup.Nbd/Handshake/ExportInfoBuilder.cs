using System.Buffers.Binary;
using System.Numerics;
using QmpBackup.Nbd.Protocol;

namespace QmpBackup.Nbd.Handshake;

/// <summary>Builds an <see cref="NbdExportInfo"/> from NBD_REP_INFO replies, which it checks.</summary>
internal sealed class ExportInfoBuilder(string name)
{
    private const int MaxReplies = 64;

    private NbdExportInfo _info = new() { Name = name };
    private bool _hasExport;
    private int _count;

    internal void Add(OptionReply reply)
    {
        var payload = reply.Payload.AsSpan();
        if (reply.Type != NbdConstants.RepInfo || payload.Length < 2)
            throw new NbdViolationException("a reply with export information is not NBD_REP_INFO.");
        if (++_count > MaxReplies)
            throw new NbdViolationException($"there are more than {MaxReplies} NBD_REP_INFO replies.");
        switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
        {
            case NbdConstants.InfoExport:
                if (payload.Length != 12)
                    throw new NbdViolationException($"NBD_INFO_EXPORT has the length {payload.Length}.");
                AddExport(payload[2..]);
                break;
            case NbdConstants.InfoName:
                _info = _info with { CanonicalName = OptionChannel.Text(payload[2..], "the export's canonical name") };
                break;
            case NbdConstants.InfoDescription:
                _info = _info with { Description = OptionChannel.Text(payload[2..], "the export's description") };
                break;
            case NbdConstants.InfoBlockSize:
                if (payload.Length != 14)
                    throw new NbdViolationException($"NBD_INFO_BLOCK_SIZE has the length {payload.Length}.");
                AddBlockSizes(
                    BinaryPrimitives.ReadUInt32BigEndian(payload[2..]),
                    BinaryPrimitives.ReadUInt32BigEndian(payload[6..]),
                    BinaryPrimitives.ReadUInt32BigEndian(payload[10..]));
                break;
            default:
                break; // The specification says: ignore information that was not requested.
        }
    }

    internal void AddExport(ReadOnlySpan<byte> payload)
    {
        var size = BinaryPrimitives.ReadInt64BigEndian(payload);
        var flags = (NbdTransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(payload[8..]);
        if (size < 0)
            throw new NbdViolationException($"the export's size is {(ulong)size}.");
        if ((flags & NbdTransmissionFlags.HasFlags) == 0)
            throw new NbdViolationException("the transmission flags lack NBD_FLAG_HAS_FLAGS.");
        if (_hasExport && (size != _info.Size || flags != _info.Flags))
            throw new NbdViolationException("a second NBD_INFO_EXPORT differs from the first.");
        _hasExport = true;
        _info = _info with { Size = size, Flags = flags };
    }

    internal NbdExportInfo Build() => _hasExport ? _info : throw new NbdViolationException("NBD_INFO_EXPORT is missing.");

    private void AddBlockSizes(uint minimum, uint preferred, uint maximum)
    {
        var valid = BitOperations.IsPow2(minimum) && minimum <= 65536
            && BitOperations.IsPow2(preferred) && preferred >= minimum && maximum >= minimum;
        if (!valid)
            throw new NbdViolationException($"the block sizes are {minimum}, {preferred}, {maximum}.");
        _info = _info with { MinimumBlockSize = minimum, PreferredBlockSize = preferred, MaximumPayloadSize = maximum };
    }
}

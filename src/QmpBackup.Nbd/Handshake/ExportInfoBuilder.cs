using System.Buffers.Binary;
using System.Numerics;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Wire;

namespace QmpBackup.Nbd.Handshake;

/// <summary>Puts NBD_REP_INFO replies together and checks them.</summary>
internal sealed class ExportInfoBuilder(string name)
{
    private NbdExportInfo _info = new() { Name = name };
    private bool _hasExport;
    private int _count;

    internal void Add(OptionReply reply)
    {
        var payload = reply.Payload.AsSpan();
        if (reply.Type != NbdConstants.RepInfo || payload.Length < 2)
            throw new NbdViolationException("an export's information is no NBD_REP_INFO.");
        if (++_count > 64)
            throw new NbdViolationException("there is no end of NBD_REP_INFO.");
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
                    BinaryPrimitives.ReadUInt32BigEndian(payload[2..]), BinaryPrimitives.ReadUInt32BigEndian(payload[6..]),
                    BinaryPrimitives.ReadUInt32BigEndian(payload[10..]));
                break;
            default:
                break; // Information that was not asked for is to be ignored.
        }
    }

    internal void AddExport(ReadOnlySpan<byte> payload)
    {
        var size = BinaryPrimitives.ReadUInt64BigEndian(payload);
        var flags = (NbdTransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(payload[8..]);
        if (size > long.MaxValue)
            throw new NbdViolationException($"the export's size is {size}.");
        if ((flags & NbdTransmissionFlags.HasFlags) == 0)
            throw new NbdViolationException("the transmission flags lack NBD_FLAG_HAS_FLAGS.");
        if (_hasExport && (size != _info.Size || flags != _info.Flags))
            throw new NbdViolationException("NBD_INFO_EXPORT contradicts itself.");
        _hasExport = true;
        _info = _info with { Size = size, Flags = flags };
    }

    internal NbdExportInfo Build() => _hasExport ? _info : throw new NbdViolationException("NBD_INFO_EXPORT is missing.");

    private void AddBlockSizes(uint minimum, uint preferred, uint maximum)
    {
        if (!BitOperations.IsPow2(minimum) || minimum > 65536 || !BitOperations.IsPow2(preferred) || preferred < minimum || maximum < minimum)
            throw new NbdViolationException($"the block sizes are {minimum}, {preferred}, {maximum}.");
        _info = _info with { MinimumBlockSize = minimum, PreferredBlockSize = preferred, MaximumPayloadSize = maximum };
    }
}

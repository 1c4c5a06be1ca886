namespace QmpBackup.Nbd.Wire;

/// <summary>What a request reads into, writes from or collects in; at most one of them.</summary>
internal readonly record struct RequestBuffers(
    Memory<byte> Destination = default, ReadOnlyMemory<byte> Source = default, StatusCollector? Collector = null);

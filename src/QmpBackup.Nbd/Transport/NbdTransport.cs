namespace QmpBackup.Nbd.Transport;

/// <summary>
/// Bytes to and from the server. Receiving is split into "is there anything" and "take it": so that no buffer is lent out while nothing comes,
/// and a read that is cancelled can take its buffer back at once.
/// </summary>
internal abstract class NbdTransport : IDisposable
{
    /// <summary>Takes what is there: more than 0 bytes; 0 at the end of the stream; -1 if nothing has come yet.</summary>
    internal abstract int TryReceive(Span<byte> destination);

    /// <summary>Waits until <see cref="TryReceive"/> has something to say. One at a time.</summary>
    internal abstract ValueTask WaitReadableAsync(CancellationToken cancellationToken);

    /// <summary>Sends all of it. One at a time. <see cref="Dispose"/> ends it.</summary>
    internal abstract ValueTask SendAsync(ReadOnlyMemory<byte> data);

    /// <summary>A stream over the same bytes, for TLS; this transport must not be used afterwards.</summary>
    internal abstract Stream DetachStream();

    public abstract void Dispose();
}

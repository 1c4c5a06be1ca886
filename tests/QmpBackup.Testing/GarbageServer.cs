namespace QmpBackup.Testing;

/// <summary>Sends bytes that are not QMP, NBD or agent messages to each client, then stays silent or closes.</summary>
public sealed class GarbageServer : SilentServer
{
    /// <summary>Sends these bytes; by default an HTTP answer.</summary>
    public GarbageServer(string path, byte[]? bytes = null, bool closeAfterwards = false)
        : base(path, bytes ?? "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray(), closeAfterwards)
    {
    }
}

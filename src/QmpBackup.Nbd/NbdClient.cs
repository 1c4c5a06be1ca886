using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Handshake;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transmission;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd;

/// <summary>
/// A client of one export of an NBD server. All members are thread-safe. Many requests may be in flight at once; their order is not
/// defined. When a connection closes, for any reason, the client stays closed.
/// </summary>
/// <remarks>
/// Cancelling a call ends the wait, not the request: the client sends the whole message and drops the reply when it arrives. The client
/// does not touch the memory of a call after the call has returned. A cancelled write therefore returns only when its payload has been
/// sent.
/// </remarks>
public sealed partial class NbdClient : IAsyncDisposable
{
    private readonly NbdConnection[] _connections;
    private readonly NbdClientOptions _options;
    private readonly int _maxPayload;
    private uint _next;

    private NbdClient(NbdConnection[] connections, NbdClientOptions options)
    {
        _connections = connections;
        _options = options;
        var session = connections[0].Session;
        Export = session.Export;
        MetaContexts = session.MetaContexts;
        ReplyMode = session.ReplyMode;
        IsEncrypted = session.IsEncrypted;
        var block = Export.MinimumBlockSize;
        var limit = Math.Min(Export.MaximumPayloadSize, options.MaxRequestLength);
        _maxPayload = (int)Math.Max(limit / block * block, block);
    }

    /// <summary>The server's description of the export.</summary>
    public NbdExportInfo Export { get; }

    /// <summary>
    /// The metadata contexts that the server granted, in the order of <see cref="NbdClientOptions.MetaContexts"/>, at most 32.
    /// </summary>
    public IReadOnlyList<NbdMetaContext> MetaContexts { get; }

    /// <summary>The negotiated kind of replies.</summary>
    public NbdReplyMode ReplyMode { get; }

    /// <summary>True if the connection is encrypted.</summary>
    public bool IsEncrypted { get; }

    /// <summary>Number of open connections: 1 unless the export allows more.</summary>
    public int ConnectionCount => _connections.Length;

    /// <summary>Limit of one read or write request, in bytes; longer calls are split.</summary>
    public int MaxRequestLength => _maxPayload;

    /// <summary>Connects to the export of a URI.</summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdConnectException">The client cannot connect.</exception>
    /// <exception cref="NbdOptionException">The server refused an option, for example because the export does not exist.</exception>
    /// <exception cref="NbdProtocolException">The server broke the protocol.</exception>
    /// <exception cref="NbdTimeoutException">The server did not answer in time.</exception>
    public static async Task<NbdClient> ConnectAsync(
        NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options = Prepare(uri, options);
        var target = NbdTarget.From(uri, options);
        var connections = new List<NbdConnection>(options.Connections);
        var start = options.TimeProvider.GetTimestamp();
        try
        {
            connections.Add(await OpenAsync(target, options, cancellationToken).ConfigureAwait(false));
            var first = connections[0].Session;
            if (options.Connections > 1 && !first.Export.CanMultiConn)
                Log.NoMultiConn(options.LoggerFactory.CreateLogger<NbdClient>(), options.Connections);
            while (first.Export.CanMultiConn && connections.Count < options.Connections)
            {
                // One time limit for all handshakes: a server may stall at any of them.
                var elapsed = options.TimeProvider.GetElapsedTime(start);
                var connection = await OpenAsync(target, options, cancellationToken, elapsed).ConfigureAwait(false);
                connections.Add(connection);
                CheckSame(first, connection.Session);
            }

            return new NbdClient([.. connections], options);
        }
        catch
        {
            foreach (var connection in connections)
                await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Connects over a stream of the caller, for example a tunnel. The client then owns the stream.</summary>
    /// <param name="stream">A duplex stream to an NBD server.</param>
    /// <param name="exportName">The export; empty for the default export.</param>
    /// <param name="options">
    /// Null for the defaults. <see cref="NbdClientOptions.Connections"/> is ignored. The client uses TLS only if
    /// <see cref="NbdClientOptions.TlsMode"/> requests it.
    /// </param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">The handshake failed.</exception>
    public static async Task<NbdClient> ConnectStreamAsync(
        Stream stream, string exportName, NbdClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(exportName);
        options ??= new NbdClientOptions();
        options.Validate();
        var mode = options.TlsMode == NbdTlsMode.FromUri ? NbdTlsMode.Disable : options.TlsMode;
        var target = new NbdTarget(null, stream, exportName, mode, options.Tls?.TargetHost, null);
        return new NbdClient([await OpenAsync(target, options, cancellationToken).ConfigureAwait(false)], options);
    }

    /// <summary>Lists the exports of a server (<c>NBD_OPT_LIST</c>), at most 16384.</summary>
    /// <param name="uri">The server; the export name is ignored.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">The connection or the handshake failed, or the server does not list its exports.</exception>
    public static Task<IReadOnlyList<NbdExportListing>> ListExportsAsync(
        NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default) =>
        QueryAsync(uri, options, static (handshake, token) => handshake.ListAsync(token), cancellationToken);

    /// <summary>Gets the server's description of an export without opening it (<c>NBD_OPT_INFO</c>).</summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">The connection or the handshake failed, or the export does not exist.</exception>
    public static Task<NbdExportInfo> GetExportInfoAsync(
        NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default) =>
        QueryAsync(uri, options, static (handshake, token) => handshake.InfoAsync(token), cancellationToken);

    /// <summary>
    /// Lists the metadata contexts of an export (<c>NBD_OPT_LIST_META_CONTEXT</c>); none if the server does not support structured replies.
    /// </summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="queries">The contexts to list, such as <c>base:</c> or <c>qemu:dirty-bitmap:</c>; empty for all.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">The connection or the handshake failed, or the export does not exist.</exception>
    public static Task<IReadOnlyList<string>> ListMetaContextsAsync(
        NbdUri uri, IReadOnlyList<string> queries, NbdClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        return QueryAsync(uri, options, (handshake, token) => handshake.ListMetaContextsAsync(queries, token), cancellationToken);
    }

    /// <summary>Finds a granted context by its name. Returns null if the server did not grant it.</summary>
    /// <param name="name">The full name.</param>
    public NbdMetaContext? FindMetaContext(string name) => MetaContexts.FirstOrDefault(context => context.Name == name);

    /// <summary>Waits for the requests in flight, sends <c>NBD_CMD_DISC</c> and closes. New requests fail at once.</summary>
    /// <param name="cancellationToken">Ends the wait, not the disconnect. <see cref="DisposeAsync"/> then closes at once.</param>
    public Task DisconnectAsync(CancellationToken cancellationToken = default)
    {
        var cause = new CloseCause(NbdCloseReason.Disconnected, "The NBD client has disconnected.");
        return Task.WhenAll(_connections.Select(connection => connection.DisconnectAsync(cause, cancellationToken)));
    }

    /// <summary>
    /// Closes the client. It sends <c>NBD_CMD_DISC</c> if no request is in flight. Otherwise it closes at once, and the requests in flight
    /// fail.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
            await connection.DisposeAsync().ConfigureAwait(false);
    }

    private static NbdClientOptions Prepare(NbdUri uri, NbdClientOptions? options)
    {
        options ??= new NbdClientOptions();
        options.Validate();
        return options.Tls is null && uri.TlsCertificates is { } directory
            ? options with { Tls = NbdTlsOptions.FromDirectory(directory) }
            : options;
    }

    private static async Task<T> QueryAsync<T>(
        NbdUri uri, NbdClientOptions? options, Func<NbdHandshake, CancellationToken, Task<T>> query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options = Prepare(uri, options);
        var logger = options.LoggerFactory.CreateLogger<NbdClient>();
        var target = NbdTarget.From(uri, options);
        return await NbdConnector.RunAsync(target, options, logger, query, keep: false, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<NbdConnection> OpenAsync(
        NbdTarget target, NbdClientOptions options, CancellationToken cancellationToken, TimeSpan elapsed = default)
    {
        var logger = options.LoggerFactory.CreateLogger<NbdClient>();
        var session = await NbdConnector.RunAsync(
            target, options, logger, static (handshake, token) => handshake.GoAsync(token), keep: true, cancellationToken, elapsed)
            .ConfigureAwait(false);
        var connection = new NbdConnection(session, options, logger);
        connection.Run();
        return connection;
    }

    private static void CheckSame(NbdSession first, NbdSession other)
    {
        if (other.Export != first.Export || other.ReplyMode != first.ReplyMode
            || !other.MetaContexts.Select(context => context.Name).SequenceEqual(first.MetaContexts.Select(context => context.Name)))
        {
            throw new NbdProtocolException($"The export \"{EscapedText.From(first.Export.Name)}\" is not the same on every connection.");
        }
    }
}

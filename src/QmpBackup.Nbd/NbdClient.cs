using System.Globalization;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Handshake;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Wire;

namespace QmpBackup.Nbd;

/// <summary>
/// A client of one export of an NBD server. All members may be used from many threads at once, and many requests may be in flight;
/// their order is not defined. Once a connection is closed, for whatever reason, the client stays closed.
/// </summary>
/// <remarks>
/// Cancelling a call ends the wait, not the request: the message is always finished, and its answer is dropped when it comes. After a call has
/// returned, its memory is not touched any more. A cancelled write therefore returns once its payload has been handed over.
/// </remarks>
public sealed partial class NbdClient : IAsyncDisposable
{
    private readonly NbdConnection[] _connections;
    private readonly NbdClientOptions _options;
    private readonly uint _maxPayload;
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
        var limit = Math.Min(Export.MaximumPayloadSize, (uint)options.MaxRequestLength);
        _maxPayload = Math.Max(limit / block * block, block);
    }

    /// <summary>What the server says about the export.</summary>
    public NbdExportInfo Export { get; }

    /// <summary>The metadata contexts that the server granted, in the order of <see cref="NbdClientOptions.MetaContexts"/>, at most 32.</summary>
    public IReadOnlyList<NbdMetaContext> MetaContexts { get; }

    /// <summary>The kind of replies negotiated.</summary>
    public NbdReplyMode ReplyMode { get; }

    /// <summary>True if the connection is encrypted.</summary>
    public bool IsEncrypted { get; }

    /// <summary>Connections in use: 1 unless the export allows more.</summary>
    public int ConnectionCount => _connections.Length;

    /// <summary>The longest read or write that goes out as one request, in bytes; longer ones are split.</summary>
    public int MaxRequestLength => (int)_maxPayload;

    /// <summary>Connects to the export of a URI.</summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdConnectException">No connection came about.</exception>
    /// <exception cref="NbdOptionException">The server refused, for instance because it has no such export.</exception>
    /// <exception cref="NbdProtocolException">The server broke the protocol.</exception>
    /// <exception cref="NbdTimeoutException">The server did not answer in time.</exception>
    public static async Task<NbdClient> ConnectAsync(NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options = Prepare(uri, options);
        var target = NbdTarget.From(uri, options);
        var connections = new List<NbdConnection>(options.Connections);
        var begin = options.TimeProvider.GetTimestamp();
        try
        {
            connections.Add(await OpenAsync(target, options, cancellationToken).ConfigureAwait(false));
            var first = connections[0].Session;
            if (options.Connections > 1 && !first.Export.CanMultiConn)
                Log.NoMultiConn(options.LoggerFactory.CreateLogger<NbdClient>(), options.Connections);
            while (first.Export.CanMultiConn && connections.Count < options.Connections)
            {
                // One server and one time limit, whether it stalls at the first handshake or at the last.
                var connection = await OpenAsync(target, options, cancellationToken, options.TimeProvider.GetElapsedTime(begin)).ConfigureAwait(false);
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

    /// <summary>Connects over a stream of the caller's, such as a tunnel. The client owns the stream from here on.</summary>
    /// <param name="stream">A duplex stream to an NBD server.</param>
    /// <param name="exportName">The export; empty for the default one.</param>
    /// <param name="options">Null for the defaults. <see cref="NbdClientOptions.Connections"/> is not used; TLS only if <see cref="NbdClientOptions.TlsMode"/> says so.</param>
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

    /// <summary>The exports that a server shows (<c>NBD_OPT_LIST</c>), at most 16384.</summary>
    /// <param name="uri">The server; the export's name is not used.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">Connection or handshake failed, or the server does not list its exports.</exception>
    public static Task<IReadOnlyList<NbdExportListing>> ListExportsAsync(
        NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default) =>
        AskAsync(uri, options, static (handshake, token) => handshake.ListAsync(token), cancellationToken);

    /// <summary>What the server says about an export, without opening it (<c>NBD_OPT_INFO</c>).</summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">Connection or handshake failed, or there is no such export.</exception>
    public static Task<NbdExportInfo> GetExportInfoAsync(
        NbdUri uri, NbdClientOptions? options = null, CancellationToken cancellationToken = default) =>
        AskAsync(uri, options, static (handshake, token) => handshake.InfoAsync(token), cancellationToken);

    /// <summary>The metadata contexts of an export (<c>NBD_OPT_LIST_META_CONTEXT</c>); none if the server knows no structured replies.</summary>
    /// <param name="uri">The server and the export.</param>
    /// <param name="queries">What to ask for, as <c>base:</c> or <c>qemu:dirty-bitmap:</c>; empty for everything.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="NbdException">Connection or handshake failed, or there is no such export.</exception>
    public static Task<IReadOnlyList<string>> ListMetaContextsAsync(
        NbdUri uri, IReadOnlyList<string> queries, NbdClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(queries);
        return AskAsync(uri, options, (handshake, token) => handshake.ListMetaContextsAsync(queries, token), cancellationToken);
    }

    /// <summary>The granted context of a name; null if the server did not grant it.</summary>
    /// <param name="name">The full name.</param>
    public NbdMetaContext? FindMetaContext(string name) => MetaContexts.FirstOrDefault(context => context.Name == name);

    /// <summary>Waits for the requests in flight, says goodbye (<c>NBD_CMD_DISC</c>) and closes. New requests are refused at once.</summary>
    /// <param name="cancellationToken">Ends the wait; <see cref="DisposeAsync"/> then closes hard.</param>
    public Task DisconnectAsync(CancellationToken cancellationToken = default)
    {
        var cause = new CloseCause(NbdCloseReason.Disconnected, "The NBD client has disconnected.");
        return Task.WhenAll(_connections.Select(connection => connection.DisconnectAsync(cause, cancellationToken)));
    }

    /// <summary>Closes: softly (<c>NBD_CMD_DISC</c>) if nothing is in flight, else at once, and what is in flight fails.</summary>
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

    private static async Task<T> AskAsync<T>(
        NbdUri uri, NbdClientOptions? options, Func<NbdHandshake, CancellationToken, Task<T>> question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        options = Prepare(uri, options);
        var logger = options.LoggerFactory.CreateLogger<NbdClient>();
        return await NbdConnector.RunAsync(NbdTarget.From(uri, options), options, logger, question, keep: false, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<NbdConnection> OpenAsync(NbdTarget target, NbdClientOptions options, CancellationToken cancellationToken, TimeSpan spent = default)
    {
        var logger = options.LoggerFactory.CreateLogger<NbdClient>();
        var session = await NbdConnector.RunAsync(
            target, options, logger, static (handshake, token) => handshake.GoAsync(token), keep: true, cancellationToken, spent).ConfigureAwait(false);
        var connection = new NbdConnection(session, options, logger);
        connection.Run();
        return connection;
    }

    private static void CheckSame(NbdSession first, NbdSession other)
    {
        if (other.Export != first.Export || other.ReplyMode != first.ReplyMode
            || !other.MetaContexts.Select(context => context.Name).SequenceEqual(first.MetaContexts.Select(context => context.Name)))
        {
            throw new NbdProtocolException(string.Create(
                CultureInfo.InvariantCulture, $"The export \"{EscapedText.From(first.Export.Name)}\" is not the same on every connection."));
        }
    }
}

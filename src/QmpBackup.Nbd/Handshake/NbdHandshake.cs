using System.Buffers.Binary;
using System.Security.Authentication;
using System.Text;
using Microsoft.Extensions.Logging;
using QmpBackup.Nbd.Protocol;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Handshake;

/// <summary>The steps of the fixed newstyle handshake.</summary>
internal sealed class NbdHandshake(NbdTransport transport, NbdTarget target, NbdClientOptions options, ILogger logger)
{
    private const int MaxContexts = 32;

    private OptionChannel _channel = new(transport, new ReceiveBuffer(transport), logger);
    private bool _noZeroes;
    private bool _encrypted;

    internal NbdTransport Transport => _channel.Transport;

    internal async Task GreetAsync(CancellationToken cancellationToken)
    {
        var (flags, oldstyle) = await _channel.ReadGreetingAsync(cancellationToken).ConfigureAwait(false);
        if (oldstyle || (flags & NbdConstants.FlagFixedNewstyle) == 0)
        {
            throw new NbdConnectException(
                NbdConnectFailure.NotSupported,
                $"The NBD server at {target} supports only the {(oldstyle ? "oldstyle" : "unfixed newstyle")} protocol.");
        }

        _noZeroes = (flags & NbdConstants.FlagNoZeroes) != 0;
        var clientFlags = NbdConstants.FlagFixedNewstyle | (_noZeroes ? NbdConstants.FlagNoZeroes : 0u);
        await _channel.SendClientFlagsAsync(clientFlags).ConfigureAwait(false);
        if (target.TlsMode is NbdTlsMode.Allow or NbdTlsMode.Require)
            await StartTlsAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Performs NBD_OPT_GO, and everything that must come before it.</summary>
    internal async Task<NbdSession> GoAsync(CancellationToken cancellationToken)
    {
        var mode = await NegotiateRepliesAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<NbdMetaContext> contexts = [];
        if (mode != NbdReplyMode.Simple && options.MetaContexts.Count > 0)
            contexts = await SetMetaContextsAsync(cancellationToken).ConfigureAwait(false);
        var info = await QueryInfoAsync(NbdConstants.OptGo, cancellationToken).ConfigureAwait(false);
        if (info is null && mode == NbdReplyMode.Extended)
            throw new NbdViolationException("it supports extended headers but not NBD_OPT_GO.");
        info ??= await ExportNameAsync(cancellationToken).ConfigureAwait(false);
        Log.Negotiated(
            logger, EscapedText.From(info.Name), info.Size, info.Flags, mode,
            info.MinimumBlockSize, info.PreferredBlockSize, info.MaximumPayloadSize, _encrypted,
            EscapedText.From(string.Join(' ', contexts)));
        return new NbdSession(_channel.Transport, _channel.Input, mode, info, contexts, _encrypted);
    }

    internal async Task<NbdExportInfo> InfoAsync(CancellationToken cancellationToken)
    {
        await NegotiateRepliesAsync(cancellationToken).ConfigureAwait(false); // Some servers send some flags only after it.
        var info = await QueryInfoAsync(NbdConstants.OptInfo, cancellationToken).ConfigureAwait(false)
            ?? throw new NbdOptionException(NbdConstants.OptInfo, NbdConstants.RepErrUnsup, "", "");
        await _channel.SendAsync(NbdConstants.OptAbort, default).ConfigureAwait(false);
        return info;
    }

    internal async Task<IReadOnlyList<NbdExportListing>> ListAsync(CancellationToken cancellationToken)
    {
        var exports = new List<NbdExportListing>();
        var last = await _channel.QueryAsync(NbdConstants.OptList, default, Add, cancellationToken).ConfigureAwait(false);
        ThrowIfRefused(NbdConstants.OptList, last, "");
        await _channel.SendAsync(NbdConstants.OptAbort, default).ConfigureAwait(false);
        return exports;

        void Add(OptionReply reply)
        {
            var payload = reply.Payload.AsSpan();
            if (reply.Type != NbdConstants.RepServer || payload.Length < 4)
                throw new NbdViolationException("a reply to NBD_OPT_LIST is not NBD_REP_SERVER.");
            var length = BinaryPrimitives.ReadUInt32BigEndian(payload);
            if (length > payload.Length - 4)
                throw new NbdViolationException("the name in NBD_REP_SERVER is longer than its message.");
            exports.Add(new NbdExportListing(
                OptionChannel.Text(payload.Slice(4, (int)length), "an export's name"),
                OptionChannel.Text(payload[(4 + (int)length)..], "an export's description")));
        }
    }

    internal async Task<IReadOnlyList<string>> ListMetaContextsAsync(IReadOnlyList<string> queries, CancellationToken cancellationToken)
    {
        if (await NegotiateRepliesAsync(cancellationToken).ConfigureAwait(false) == NbdReplyMode.Simple)
            return [];
        var names = await ListContextNamesAsync(queries, cancellationToken).ConfigureAwait(false);
        await _channel.SendAsync(NbdConstants.OptAbort, default).ConfigureAwait(false);
        return names;
    }

    private async Task StartTlsAsync(CancellationToken cancellationToken)
    {
        var reply = await _channel.QueryAsync(NbdConstants.OptStartTls, cancellationToken).ConfigureAwait(false);
        if (reply.IsError)
        {
            if (target.TlsMode == NbdTlsMode.Allow)
                return;
            var error = $"{NbdConstants.OptionErrorName(reply.Type)} {reply.Text}".TrimEnd();
            throw new NbdConnectException(
                NbdConnectFailure.TlsNotOffered, $"TLS is required, but the NBD server at {target} does not offer it: {error}");
        }

        // Such bytes are not encrypted: an attacker may have injected them.
        if (_channel.Input.Available != 0)
            throw new NbdViolationException("unencrypted bytes follow the reply to NBD_OPT_STARTTLS.");
        var upgrade = new TlsUpgrade(target, options.Tls);
        var tls = TlsUpgrade.Create(_channel.Transport.DetachStream());
        try
        {
            await tls.AuthenticateAsClientAsync(upgrade.Authentication(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or System.ComponentModel.Win32Exception)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new NbdConnectException(
                NbdConnectFailure.TlsFailed, $"The TLS handshake with the NBD server at {target} failed. {upgrade.Explain(e)}", e);
        }

        Log.Encrypted(logger, tls.SslProtocol, tls.NegotiatedCipherSuite);
        var secure = new StreamTransport(tls);
        _channel = new OptionChannel(secure, new ReceiveBuffer(secure), logger);
        _encrypted = true;
    }

    private async Task<NbdReplyMode> NegotiateRepliesAsync(CancellationToken cancellationToken)
    {
        if (!options.StructuredReplies)
            return NbdReplyMode.Simple;
        if (options.ExtendedHeaders)
        {
            var extended = await _channel.QueryAsync(NbdConstants.OptExtendedHeaders, cancellationToken).ConfigureAwait(false);
            if (!extended.IsError)
                return NbdReplyMode.Extended;
        }

        var structured = await _channel.QueryAsync(NbdConstants.OptStructuredReply, cancellationToken).ConfigureAwait(false);
        return structured.IsError ? NbdReplyMode.Simple : NbdReplyMode.Structured;
    }

    private async Task<IReadOnlyList<NbdMetaContext>> SetMetaContextsAsync(CancellationToken cancellationToken)
    {
        var wanted = options.MetaContexts.Where(query => !query.EndsWith(':')).ToList();
        var wildcards = options.MetaContexts.Where(query => query.EndsWith(':')).ToList();
        if (wildcards.Count > 0)
        {
            var listed = await ListContextNamesAsync(wildcards, cancellationToken).ConfigureAwait(false);
            // A listing may contain further wildcards, which NBD_OPT_SET_META_CONTEXT does not accept.
            wanted.AddRange(listed.Where(name => !name.EndsWith(':')));
        }

        wanted = [.. wanted.Distinct(StringComparer.Ordinal)];
        if (wanted.Count == 0)
            return [];
        var granted = new List<NbdMetaContext>();
        var query = ContextQuery(wanted);
        var last = await _channel.QueryAsync(NbdConstants.OptSetMetaContext, query, Add, cancellationToken).ConfigureAwait(false);
        if (last.Type == NbdConstants.RepErrUnsup)
            return [];
        ThrowIfRefused(NbdConstants.OptSetMetaContext, last, Subject());
        // The caller's order, not the server's.
        return
        [
            .. granted.OrderBy(context => wanted.IndexOf(context.Name))
                .Select((context, index) => new NbdMetaContext(context.Name, context.Id, index)),
        ];

        void Add(OptionReply reply)
        {
            var (id, name) = ReadContext(reply);
            if (!wanted.Contains(name, StringComparer.Ordinal))
                throw new NbdViolationException($"the metadata context \"{EscapedText.From(name)}\" was granted but not requested.");
            if (granted.Exists(other => other.Id == id || other.Name == name))
                throw new NbdViolationException("a metadata context was granted twice.");
            if (granted.Count == MaxContexts)
            {
                throw new NbdOptionException(
                    NbdConstants.OptSetMetaContext, NbdConstants.RepErrTooBig, "", $"more than {MaxContexts} metadata contexts");
            }

            granted.Add(new NbdMetaContext(name, id, granted.Count));
        }
    }

    private async Task<List<string>> ListContextNamesAsync(IReadOnlyList<string> queries, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        var last = await _channel.QueryAsync(
            NbdConstants.OptListMetaContext, ContextQuery(queries), reply => names.Add(ReadContext(reply).Name), cancellationToken)
            .ConfigureAwait(false);
        if (last.Type == NbdConstants.RepErrUnsup)
            return [];
        ThrowIfRefused(NbdConstants.OptListMetaContext, last, Subject());
        return names;
    }

    private static (uint Id, string Name) ReadContext(OptionReply reply)
    {
        if (reply.Type != NbdConstants.RepMetaContext || reply.Payload.Length < 5)
            throw new NbdViolationException("a reply to a metadata context query is not NBD_REP_META_CONTEXT.");
        var name = OptionChannel.Text(reply.Payload.AsSpan(4), "a metadata context's name");
        return (BinaryPrimitives.ReadUInt32BigEndian(reply.Payload), name);
    }

    private byte[] ContextQuery(IReadOnlyList<string> queries)
    {
        var data = new MemoryStream();
        WriteString(data, target.ExportName);
        WriteUInt32(data, (uint)queries.Count);
        foreach (var query in queries)
            WriteString(data, query);
        return data.ToArray();
    }

    /// <summary>Performs NBD_OPT_INFO or NBD_OPT_GO. Returns null if the server does not support it.</summary>
    private async Task<NbdExportInfo?> QueryInfoAsync(uint option, CancellationToken cancellationToken)
    {
        var data = new MemoryStream();
        WriteString(data, target.ExportName);
        ReadOnlySpan<ushort> requests = [NbdConstants.InfoName, NbdConstants.InfoDescription, NbdConstants.InfoBlockSize];
        foreach (var value in (ReadOnlySpan<ushort>)[(ushort)requests.Length, .. requests])
        {
            data.WriteByte((byte)(value >> 8));
            data.WriteByte((byte)value);
        }

        var info = new ExportInfoBuilder(target.ExportName);
        var last = await _channel.QueryAsync(option, data.ToArray(), info.Add, cancellationToken).ConfigureAwait(false);
        if (last.Type == NbdConstants.RepErrUnsup)
            return null;
        ThrowIfRefused(option, last, Subject());
        return info.Build();
    }

    /// <summary>Performs NBD_OPT_EXPORT_NAME, for old servers without NBD_OPT_GO. A server refuses it by closing the connection.</summary>
    private async Task<NbdExportInfo> ExportNameAsync(CancellationToken cancellationToken)
    {
        await _channel.SendAsync(NbdConstants.OptExportName, Encoding.UTF8.GetBytes(target.ExportName)).ConfigureAwait(false);
        var answer = await _channel.ReadAsync(_noZeroes ? 10 : 134, cancellationToken).ConfigureAwait(false);
        var info = new ExportInfoBuilder(target.ExportName);
        info.AddExport(answer.AsSpan(0, 10));
        return info.Build();
    }

    private string Subject() => $" for the export \"{EscapedText.From(target.ExportName)}\"";

    private void ThrowIfRefused(uint option, OptionReply last, string subject)
    {
        if (!last.IsError)
            return;
        if (last.Type == NbdConstants.RepErrTlsRequired && !_encrypted)
        {
            throw new NbdConnectException(
                NbdConnectFailure.TlsRequired,
                $"The NBD server at {target} requires TLS{subject}: use an nbds:// or nbds+unix:// URI. {last.Text}".TrimEnd(),
                new NbdOptionException(option, last.Type, subject, last.Text));
        }

        throw new NbdOptionException(option, last.Type, subject, last.Text);
    }

    private static void WriteString(MemoryStream data, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteUInt32(data, (uint)bytes.Length);
        data.Write(bytes);
    }

    private static void WriteUInt32(MemoryStream data, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        data.Write(bytes);
    }
}

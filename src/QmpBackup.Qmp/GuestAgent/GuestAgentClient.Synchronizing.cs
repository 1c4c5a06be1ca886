using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp;

public sealed partial class GuestAgentClient
{
    /// <summary>
    /// Synchronizes with the agent: checks that it answers, and drops late answers to earlier commands. Connects if needed.
    /// </summary>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>A task that completes when the agent has answered.</returns>
    /// <exception cref="GuestAgentUnavailableException">
    /// No agent answers; <see cref="GuestAgentUnavailableException.Reason"/> says why.
    /// </exception>
    /// <exception cref="GuestAgentProtocolException">The peer is not a guest agent, or sends more data than allowed.</exception>
    public Task SynchronizeAsync(CancellationToken cancellationToken = default) =>
        SynchronizeAsync(_options.SyncTimeout, cancellationToken);

    /// <summary>Synchronizes with the agent, with a time limit for this call: for an agent that may be busy.</summary>
    /// <param name="timeout">The time limit for the answer; <see cref="Timeout.InfiniteTimeSpan"/> for no limit.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>A task that completes when the agent has answered.</returns>
    /// <inheritdoc cref="SynchronizeAsync(CancellationToken)" path="/exception"/>
    public async Task SynchronizeAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Durations.ValidateTimeout(timeout, nameof(timeout));

        // Connecting and synchronizing each have their own time limit.
        var call = new AgentCall(GuestAgentCommands.GuestPing.Request, Timeout.InfiniteTimeSpan) { SyncTimeout = timeout };
        await InTurnAsync(
            call,
            async limit =>
            {
                _synchronized = false;
                return await PrepareAsync(call, limit).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes sure that there is a connection and that the agent is in step.</summary>
    /// <returns>Whether the command was sent together with the synchronization.</returns>
    private async Task<bool> PrepareAsync(AgentCall call, CancellationToken limit)
    {
        if (call.OnFreshConnection)
            Drop();
        while (true)
        {
            if (_channel is { } channel && !channel.Look())
                Drop();
            var isNew = _channel is null;
            if (_channel is null)
            {
                call.Phase = AgentCallPhase.Connecting;
                _channel = await OpenAsync(limit).ConfigureAwait(false);
            }

            if (_synchronized && !_channel.HasUnread)
                return false;

            try
            {
                call.Phase = AgentCallPhase.Synchronizing;
                await SynchronizeChannelAsync(_channel, call, limit).ConfigureAwait(false);
                return call.SendsWithSync;
            }
            catch (GuestAgentException exception) when (!isNew && _channel is null && !IsSilence(exception))
            {
                // The old connection has ended. Try a new one.
            }
        }
    }

    private async Task SynchronizeChannelAsync(AgentChannel channel, AgentCall call, CancellationToken limit)
    {
        var timeout = call.SyncTimeout ?? _options.SyncTimeout;
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, deadline.Token);
        _synchronized = false;
        var id = NewSyncId();
        try
        {
            // A late answer of an earlier command may come first, and may have the full size.
            channel.Allow((2L * _options.MaxMessageSize) + Slack);
            ReadOnlyMemory<byte> frame = SyncFrame(id, call.SendsWithSync ? call.Frame : default);
            if (call.SendsWithSync)
                MarkSent(call);
            await channel.WriteAsync(frame, either.Token).ConfigureAwait(false);
            do
            {
                await channel.SkipToSentinelAsync(either.Token).ConfigureAwait(false);
            }
            while (!await IsSyncAnswerAsync(channel, id, either.Token).ConfigureAwait(false));

            _synchronized = true;
            _logger.AgentSynchronized(Name, channel.Skipped);
            if (!call.SendsWithSync)
                channel.ReadAhead();
        }
        catch (OperationCanceledException exception) when (!limit.IsCancellationRequested && deadline.IsCancellationRequested)
        {
            var stuck = channel.IsWriteStuck;
            var monitor = channel.SkippedGreeting;
            Drop();
            if (monitor)
                throw GuestAgentProtocolException.Monitor(Name);
            throw stuck
                ? GuestAgentUnavailableException.NotRead(Name, timeout, exception)
                : GuestAgentUnavailableException.NoAnswer(Name, timeout, exception);
        }
        catch (JsonFrameException exception)
        {
            Drop();
            throw GuestAgentProtocolException.ForSync(Name, exception);
        }
        catch (Exception exception) when (IsConnectionFault(exception))
        {
            Drop();
            throw GuestAgentUnavailableException.Closed(Name, call.SendsWithSync ? call : null, exception);
        }
    }

    /// <summary>Whether the message after a sentinel is the answer to this synchronization, and not to an earlier one.</summary>
    private async Task<bool> IsSyncAnswerAsync(AgentChannel channel, long id, CancellationToken limit)
    {
        try
        {
            var message = await channel.ReadMessageAsync(limit).ConfigureAwait(false);
            var envelope = QmpEnvelope.Parse(message.Span, _options.MaxDepth);
            var reader = new Utf8JsonReader(message.Span[envelope.Payload]);
            return envelope.Kind == QmpMessageKind.Return
                && reader.Read()
                && reader.TokenType == JsonTokenType.Number
                && reader.TryGetInt64(out var answer)
                && answer == id;
        }
        catch (JsonFrameException exception) when (exception.Fault == JsonFrameFault.NotAnObject)
        {
            return false;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private async Task<AgentChannel> OpenAsync(CancellationToken limit)
    {
        using var deadline = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, deadline.Token);
        Task<Stream>? opening = null;
        try
        {
            opening = _openStream(either.Token);
            var stream = await opening.WaitAsync(either.Token).ConfigureAwait(false);
            _logger.AgentConnected(Name, _connectedBefore);
            _connectedBefore = true;
            return new AgentChannel(stream, _options.MaxMessageSize, _options.MaxDepth);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            if (opening is not null)
                DisposeWhenOpened(opening);
            if (limit.IsCancellationRequested)
                throw;
            throw GuestAgentUnavailableException.NoConnection(Name, _options.ConnectTimeout);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw GuestAgentUnavailableException.ForConnect(Name, exception);
        }
    }

    /// <summary>Disposes a stream that opens after the wait for it has ended.</summary>
    private static void DisposeWhenOpened(Task<Stream> opening) =>
        _ = opening.ContinueWith(
            static opened =>
            {
                if (opened.IsCompletedSuccessfully)
                    opened.Result.Dispose();
                else
                    _ = opened.Exception;
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    /// <summary>
    /// Closes the connection; the next command opens another. It may lead to another agent, so the cached information goes too.
    /// </summary>
    private void Drop()
    {
        if (_channel is null)
            return;
        _channel.Dispose();
        _channel = null;
        _synchronized = false;
        _info = null;
        _infoRefused = false;
    }

    private static bool IsSilence(GuestAgentException exception) =>
        exception is GuestAgentUnavailableException
        {
            Reason: GuestAgentUnavailableReason.NoAnswer or GuestAgentUnavailableReason.NotRead,
        };

    private static bool IsConnectionFault(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException or NotSupportedException;

    private static long NewSyncId()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);

        // The type of the agent is int64. Every version of its JSON parser reads positive values.
        return Math.Max(1, BinaryPrimitives.ReadInt64LittleEndian(bytes) & long.MaxValue);
    }

    private static byte[] SyncFrame(long id, ReadOnlyMemory<byte> command)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{{\"execute\":\"guest-sync-delimited\",\"arguments\":{{\"id\":{id}}}}}\n");
        return [AgentChannel.Sentinel, .. Encoding.UTF8.GetBytes(text), .. command.Span];
    }
}

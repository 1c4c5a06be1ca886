using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using QmpBackup.Qmp.Agent;

namespace QmpBackup.Qmp;

public sealed partial class GuestAgentClient
{
    /// <summary>Room for white space, and for bytes after an answer in the same read.</summary>
    private const int Slack = 64 * 1024;

    /// <summary>
    /// Commands that are sent without a check of <c>guest-info</c>: those that are needed for it, and the thaw, which must never be
    /// blocked.
    /// </summary>
    private static bool IsAlwaysTried(string command) =>
        command is "guest-ping" or "guest-info" or "guest-sync" or "guest-sync-delimited"
            or "guest-fsfreeze-status" or "guest-fsfreeze-thaw";

    private static bool ChangesWhatIsEnabled(string command) => command.StartsWith("guest-fsfreeze-", StringComparison.Ordinal);

    /// <summary>Commands with <c>success-response: false</c> in the schema of the agent.</summary>
    private static bool NeverAnswersSuccess(string command) =>
        command is "guest-shutdown" or "guest-suspend-disk" or "guest-suspend-ram" or "guest-suspend-hybrid";

    internal async Task<TResult> CallAsync<TResult>(AgentCall call, JsonTypeInfo<TResult> typeInfo, CancellationToken cancellationToken)
    {
        if (call.Request.OutOfBand)
            throw new ArgumentException("A guest agent has no out-of-band commands.", nameof(call));
        return await InTurnAsync(call, ExecuteInTurnAsync, cancellationToken).ConfigureAwait(false);

        async Task<TResult> ExecuteInTurnAsync(CancellationToken limit)
        {
            var sentAlready = await PrepareAsync(call, limit).ConfigureAwait(false);
            call.Phase = AgentCallPhase.Executing;
            if (!sentAlready)
                await CheckAvailableAsync(call, limit).ConfigureAwait(false);
            return await TransactAsync(call, typeInfo, sentAlready, limit).ConfigureAwait(false);
        }
    }

    /// <summary>Runs an action when it is its turn, and explains a timeout.</summary>
    private async Task<TResult> InTurnAsync<TResult>(
        AgentCall call, Func<CancellationToken, Task<TResult>> action, CancellationToken cancellationToken)
    {
        Durations.ValidateTimeout(call.Timeout, "timeout");
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);

        using var deadline = new CancellationTokenSource(call.Timeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _closing.Token);
        try
        {
            await _turn.WaitAsync(limit.Token).ConfigureAwait(false);
            try
            {
                return await action(limit.Token).ConfigureAwait(false);
            }
            finally
            {
                if (_channel is { IsWriteStuck: true })
                    Drop();
                _turn.Release();
            }
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested)
        {
            ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);
            if (cancellationToken.IsCancellationRequested)
                throw new OperationCanceledException(exception.Message, exception, cancellationToken);
            _logger.AgentTimedOut(Name, PeerText.Escape(call.Name), call.Timeout.TotalMilliseconds);
            throw call.Phase switch
            {
                AgentCallPhase.Connecting => GuestAgentUnavailableException.NoConnection(Name, call.Timeout),
                AgentCallPhase.Synchronizing when !call.Sent => GuestAgentUnavailableException.NoAnswer(Name, call.Timeout, exception),
                _ => GuestAgentTimeoutException.ForCommand(Name, call),
            };
        }
    }

    private async Task<TResult> TransactAsync<TResult>(
        AgentCall call, JsonTypeInfo<TResult> typeInfo, bool sentAlready, CancellationToken limit)
    {
        var channel = _channel!;
        var carriesSecrets = CarriesData(call.Name);
        try
        {
            // The agent is out of step until the answer is here.
            _synchronized = false;
            channel.Allow(_options.MaxMessageSize + (long)Slack);
            if (!sentAlready)
            {
                MarkSent(call);
                await channel.WriteAsync(call.Frame, limit).ConfigureAwait(false);
            }

            if (ReturnsAtOnce(call, typeInfo))
            {
                // An error may still come, so the next command synchronizes first.
                _logger.AgentCommandSent(Name, PeerText.Escape(call.Name));
                return Read(call, "{}"u8, typeInfo);
            }

            var message = await channel.ReadMessageAsync(limit).ConfigureAwait(false);
            if (call.MustBeInTime)
                limit.ThrowIfCancellationRequested();
            if (_logger.IsEnabled(LogLevel.Trace))
                _logger.AgentPayloadReceived(Name, Shown(carriesSecrets, call.Name, message));
            var result = ReadAnswer(call, message, typeInfo);
            _synchronized = true;
            channel.ReadAhead();
            var milliseconds = _time.GetElapsedTime(call.SentTimestamp).TotalMilliseconds;
            _logger.AgentCommandCompleted(Name, PeerText.Escape(call.Name), milliseconds);
            return result;
        }
        catch (Exception exception) when (exception is GuestAgentCommandException or GuestAgentCommandUnavailableException)
        {
            // A refusal is an answer.
            _synchronized = true;
            channel.ReadAhead();
            throw;
        }
        catch (JsonFrameException exception)
        {
            Drop();
            throw GuestAgentProtocolException.ForAnswer(Name, call, exception);
        }
        catch (Exception exception) when (IsConnectionFault(exception))
        {
            Drop();
            throw GuestAgentUnavailableException.Closed(Name, call, exception);
        }
        finally
        {
            // A freeze or a thaw, even a failed one, makes the cached guest-info outdated.
            if (ChangesWhatIsEnabled(call.Name) && call.Name != "guest-fsfreeze-status")
                _info = null;
        }
    }

    private void MarkSent(AgentCall call)
    {
        call.Sent = true;
        call.SentAt = _time.GetUtcNow();
        call.SentTimestamp = _time.GetTimestamp();
        if (_logger.IsEnabled(LogLevel.Trace))
            _logger.AgentPayloadSent(Name, Shown(CarriesData(call.Name), call.Name, call.Frame));
    }

    private bool ReturnsAtOnce<TResult>(AgentCall call, JsonTypeInfo<TResult> typeInfo) =>
        NeverAnswersSuccess(call.Name)
        || (typeInfo.Type == typeof(QmpVoid) || typeInfo.Type == typeof(JsonElement)) && FindCommand(call.Name)?.SuccessResponse == false;

    private TResult ReadAnswer<TResult>(AgentCall call, ReadOnlyMemory<byte> message, JsonTypeInfo<TResult> typeInfo)
    {
        QmpEnvelope envelope;
        try
        {
            envelope = QmpEnvelope.Parse(message.Span, _options.MaxDepth);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw GuestAgentProtocolException.ForAnswer(Name, call, exception);
        }

        switch (envelope.Kind)
        {
            case QmpMessageKind.Return:
                return Read(call, message.Span[envelope.Payload], typeInfo);
            case QmpMessageKind.Error:
                var errorClass = new QmpErrorClass(PeerText.Escape(envelope.ErrorClass, 64));
                if (errorClass == QmpErrorClass.CommandNotFound)
                {
                    _info = null;
                    throw GuestAgentCommandUnavailableException.Refused(Name, call.Name, envelope.ErrorDescription);
                }

                throw new GuestAgentCommandException(call.Name, errorClass, envelope.ErrorDescription ?? string.Empty);
            default:
                throw GuestAgentProtocolException.ForAnswer(Name, call, exception: null);
        }
    }

    private TResult Read<TResult>(AgentCall call, ReadOnlySpan<byte> payload, JsonTypeInfo<TResult> typeInfo)
    {
        try
        {
            UntrustedJson.ThrowIfNullInArray(payload, _options.MaxDepth);
            var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = _options.MaxDepth });
            var result = JsonSerializer.Deserialize(ref reader, typeInfo);
            return result is null ? throw new UnexpectedJsonException("The answer is null.") : result;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever a converter throws, the answer is at fault.
            throw GuestAgentProtocolException.ForAnswer(Name, call, exception);
        }
    }

    private GuestAgentCommandInfo? FindCommand(string name)
    {
        foreach (var command in _info?.SupportedCommands ?? [])
        {
            if (command.Name == name)
                return command;
        }

        return null;
    }

    /// <summary>Checks that the agent has the command and allows it now.</summary>
    private async Task CheckAvailableAsync(AgentCall call, CancellationToken limit)
    {
        if (call.RefreshesInfo)
            _info = null;
        if (IsAlwaysTried(call.Name))
            return;

        var cached = _info is not null;
        await LearnInfoAsync(call, limit).ConfigureAwait(false);
        if (cached && FindCommand(call.Name) is not { Enabled: true })
        {
            _info = null;
            await LearnInfoAsync(call, limit).ConfigureAwait(false);
        }

        if (_infoRefused)
            return;
        if (FindCommand(call.Name) is not { } found)
            throw GuestAgentCommandUnavailableException.Missing(Name, call.Name, _info?.Version);
        if (!found.Enabled)
            throw GuestAgentCommandUnavailableException.Disabled(Name, call.Name);
    }

    private async Task LearnInfoAsync(AgentCall call, CancellationToken limit)
    {
        if (_info is not null || _infoRefused)
            return;
        var request = GuestAgentCommands.GuestInfo.Request;
        try
        {
            _info = await TransactAsync(new AgentCall(request, call.Timeout), request.ResultTypeInfo, sentAlready: false, limit)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is GuestAgentCommandUnavailableException or GuestAgentCommandException)
        {
            // The configuration of the agent may forbid guest-info. The agent then refuses the command itself if it does not have it.
            _infoRefused = true;
        }
    }

    /// <summary>Commands whose messages hold data of the guest, or secrets.</summary>
    private static bool CarriesData(string command) =>
        command is "guest-exec" or "guest-exec-status" or "guest-file-read" or "guest-file-write" or "guest-set-user-password"
        || command.StartsWith("guest-ssh-", StringComparison.Ordinal);

    private static string Shown(bool carriesData, string command, ReadOnlyMemory<byte> message) => carriesData
        ? $"({PeerText.Escape(command)}: {message.Length} bytes, not shown)"
        : PayloadRedactor.Redact(message.Span, GuestAgentOptions.MaxDepthLimit);
}

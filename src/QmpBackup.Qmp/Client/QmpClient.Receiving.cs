using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace QmpBackup.Qmp;

public sealed partial class QmpClient
{
    private static readonly JsonElement NoData = JsonElement.Parse("{}");

    private async Task ReadLoopAsync()
    {
        try
        {
            while (await _frames.ReadAsync(_closing.Token).ConfigureAwait(false))
                Dispatch(_frames.Frame.Span);
            Close(ClosedByPeer());
        }
        catch (JsonFrameException exception) when (exception.Fault == JsonFrameFault.Truncated)
        {
            Close(new QmpConnectionClosedException(
                QmpCloseCause.ClosedByPeer, $"{_name} closed the connection in the middle of a message.", exception));
        }
        catch (Exception exception)
            when (exception is JsonFrameException or JsonException or (InvalidOperationException and not ObjectDisposedException))
        {
            Close(new QmpConnectionClosedException(
                QmpCloseCause.ProtocolError,
                $"{_name} sent something that is not QMP. {UnexpectedJsonException.Explain(exception)}",
                exception));
        }
        catch (Exception exception) when (IsClosedByPeer(exception))
        {
            // A reset instead of a clean end: QEMU exited without reading all that we sent, such as the line end after "quit".
            Close(ClosedByPeer(exception));
        }
        catch (Exception exception)
        {
            Close(new QmpConnectionClosedException(
                QmpCloseCause.TransportError, $"Reading from {_name} failed: {PeerText.Escape(exception.Message)}", exception));
        }
        finally
        {
            _frames.Dispose();
        }
    }

    private void Dispatch(ReadOnlySpan<byte> message)
    {
        LogPayload(message, sent: false);
        var envelope = QmpEnvelope.Parse(message, _options.MaxDepth);
        switch (envelope.Kind)
        {
            case QmpMessageKind.Greeting:
                OnGreeting(message[envelope.Payload]);
                break;
            case QmpMessageKind.Event:
                OnEvent(envelope, message);
                break;
            case QmpMessageKind.Return or QmpMessageKind.Error when _greeting is null:
                throw new UnexpectedJsonException($"It sent an answer before its greeting: {PeerText.Preview(message)}");
            case QmpMessageKind.Error when !envelope.HasId:
                OnErrorWithoutId(envelope);
                break;
            case QmpMessageKind.Return or QmpMessageKind.Error:
                OnReply(envelope, message);
                break;
            default:
                _logger.UnknownMessage(_name, PeerText.Preview(message));
                break;
        }
    }

    private void OnReply(QmpEnvelope envelope, ReadOnlySpan<byte> message)
    {
        if (envelope.Id is not { } id || !_pending.TryRemove(id, out var pending))
        {
            var shown = envelope.Id?.ToString(CultureInfo.InvariantCulture) ?? (envelope.HasId ? "(no number)" : "(none)");
            _logger.UnknownReply(_name, shown);
            return;
        }

        if (pending.HoldsSlot)
            _slots.Release();
        var milliseconds = _time.GetElapsedTime(pending.StartTimestamp).TotalMilliseconds;
        if (pending.IsAbandoned)
        {
            _logger.LateReply(_name, pending.Name, id, milliseconds);
        }
        else if (envelope.Kind == QmpMessageKind.Error)
        {
            var error = ToException(pending.Name, envelope);
            _logger.CommandFailed(_name, pending.Name, id, milliseconds, error.ErrorClass.Value, error.Description);
            pending.Fail(error);
        }
        else
        {
            _logger.CommandCompleted(_name, pending.Name, id, milliseconds);
            pending.Complete(message[envelope.Payload], _options.MaxDepth);
        }
    }

    /// <summary>
    /// QEMU could not parse a command, so its error has no id. If one command waits for an answer, the error is for that one. If there
    /// are several, none of them can be trusted any more: some versions of QEMU do not answer the next one at all.
    /// </summary>
    private void OnErrorWithoutId(QmpEnvelope envelope)
    {
        if (Volatile.Read(ref _held)?.End is { IsBeingDropped: true } end)
        {
            end.OnDropped();
            return;
        }

        var error = ToException("(unknown)", envelope);
        PendingCommand[] sent = [.. _pending.Values.Where(static pending => pending.WasSent)];
        if (sent is [var only])
        {
            Forget(only);
            only.Fail(ToException(only.Name, envelope));
        }
        else
        {
            _logger.ErrorWithoutId(_name, error.ErrorClass.Value, error.Description);
            throw new UnexpectedJsonException(
                sent.Length == 0
                    ? $"It sent an error although no command was waiting: {error.Description}"
                    : $"It sent an error without an id while {sent.Length} commands were waiting: {error.Description}");
        }
    }

    private static QmpCommandException ToException(string command, QmpEnvelope envelope) => new(
        command,
        new QmpErrorClass(PeerText.Escape(envelope.ErrorClass) is { Length: > 0 } name ? name : QmpErrorClass.GenericError.Value),
        envelope.ErrorDescription ?? "(no description)");

    private void OnEvent(QmpEnvelope envelope, ReadOnlySpan<byte> message)
    {
        var name = envelope.EventName!;
        if (_logger.IsEnabled(LogLevel.Debug))
            _logger.EventReceived(_name, PeerText.Escape(name));
        QmpEvent? item = null;
        foreach (var subscription in _subscriptions)
        {
            if (!subscription.Wants(name))
                continue;
            item ??= new QmpEvent
            {
                Name = name,
                Timestamp = envelope.Timestamp,
                Data = ParseData(message[envelope.Payload]),
                Size = message.Length,
            };
            subscription.Publish(item);
        }
    }

    private JsonElement ParseData(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return NoData;
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = _options.MaxDepth });
        return JsonElement.ParseValue(ref reader);
    }

    private void LogPayload(ReadOnlySpan<byte> message, bool sent)
    {
        if (!_logger.IsEnabled(LogLevel.Trace))
            return;
        var payload = PayloadRedactor.Redact(message, _options.MaxDepth);
        if (sent)
            _logger.PayloadSent(_name, payload);
        else
            _logger.PayloadReceived(_name, payload);
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

// A command whose end is held back. QEMU executes a command at its last brace; before that it is text, which 0xFF or the end of the
// connection makes QEMU forget.
public sealed partial class QmpClient
{
    // The last brace and the line end.
    private const int EndLength = 2;

    // 0xFF is in no JSON: QEMU drops what it has read and answers with an error without an id. It skips what follows up to a control
    // character, so there must be one.
    private static readonly byte[] Drop = [0xFF, (byte)'\n'];

    private static readonly TimeSpan DropTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadPoll = TimeSpan.FromMilliseconds(1);

    // The command whose end the writer holds back.
    private PendingCommand? _held;

    /// <inheritdoc/>
    public Task<QmpPreparedCommand<TResult>> PrepareAsync<TResult>(
        QmpRequest<TResult> request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return PrepareAsync(request, request.ResultTypeInfo, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<QmpPreparedCommand<JsonElement>> PrepareAsync(QmpRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return PrepareAsync(request, QmpClientJsonContext.Default.JsonElement, cancellationToken);
    }

    internal async Task<TResult> CommitAsync<TResult>(
        PendingCommand<TResult> pending, TimeSpan? limit, CancellationToken cancellationToken)
    {
        var timeout = limit ?? _options.CommandTimeout;
        Durations.ValidateTimeout(timeout, nameof(limit));
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfClosed(pending.Name);
        pending.StartTimestamp = _time.GetTimestamp();

        // Registered before it is written: the answer may arrive before the write returns.
        var isFirst = _pending.TryAdd(pending.Id, pending);
        if (!isFirst || !pending.End!.TryDecide(commits: true))
        {
            if (isFirst)
                _pending.TryRemove(pending.Id, out _);
            ThrowIfClosed(pending.Name);
            throw new InvalidOperationException("The prepared command was committed or discarded before.");
        }

        // Closing and registering race: the second of them sees the first.
        if (CloseReason is { } reason)
            FailPending(pending, reason);
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        return await WaitForAnswerAsync(pending, timeout, either.Token, cancellationToken).ConfigureAwait(false);
    }

    internal async Task DiscardAsync(PendingCommand pending)
    {
        var end = pending.End!;
        if (!end.TryDecide(commits: false))
        {
            // Discarded before, maybe at this moment. After a commit there is nothing to drop.
            if (!await end.Decision.ConfigureAwait(false))
                await end.Dropped.ConfigureAwait(false);
            return;
        }

        _slots.Release();
        if (end.TryClaim())
        {
            end.OnDropped();
            return;
        }

        try
        {
            await end.Dropped.WaitAsync(DropTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException exception)
        {
            // QEMU forgets what it has read of a command when its client leaves.
            Close(new QmpConnectionClosedException(
                QmpCloseCause.TransportError,
                $"{_name} did not confirm within {Durations.Text(DropTimeout)} that it dropped \"{PeerText.Escape(pending.Name)}\".",
                exception));
        }
    }

    private async Task<QmpPreparedCommand<TResult>> PrepareAsync<TResult>(
        QmpRequest request, JsonTypeInfo<TResult> typeInfo, CancellationToken cancellationToken)
    {
        if (request.OutOfBand)
            throw new ArgumentException("A command that is sent out of band cannot be prepared.", nameof(request));
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfClosed(request.Command);
        var timeout = _options.CommandTimeout;
        var pending = new PendingCommand<TResult>(NextId(), request, typeInfo) { HoldsSlot = true, End = new HeldEnd() };
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _closing.Token);
        await TakeSlotAsync(request, timeout, limit.Token, cancellationToken).ConfigureAwait(false);
        try
        {
            _outgoing.Writer.TryWrite(pending);
            await pending.End.Written.WaitAsync(limit.Token).ConfigureAwait(false);
            await WaitUntilReadAsync(limit.Token).ConfigureAwait(false);
            return new QmpPreparedCommand<TResult>(this, pending);
        }
        catch (OperationCanceledException)
        {
            await DiscardAsync(pending).ConfigureAwait(false);
            ThrowIfClosed(request.Command);
            cancellationToken.ThrowIfCancellationRequested();
            throw QmpTimeoutException.ForCommand(request.Command, timeout, sent: false);
        }
    }

    /// <summary>
    /// Waits until QEMU has read all that was written. Only a unix socket on Linux tells; over others it is read some time later.
    /// </summary>
    private async Task WaitUntilReadAsync(CancellationToken cancellationToken)
    {
        while (_socket is not null && UnreadBytes.At(_socket) > 0)
            await Task.Delay(ReadPoll, _time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes a command up to its end, and waits for what becomes of it. Nothing else is written meanwhile.</summary>
    private async Task WriteHeldAsync(PendingCommand held, HeldEnd end)
    {
        Volatile.Write(ref _held, held);
        try
        {
            // Closing and holding race: the second of them sees the first.
            if (CloseReason is not null || !end.TryClaim())
                return;
            _logger.CommandPrepared(_name, held.Name, held.Id);
            LogPayload(held.Frame.Span, sent: true);
            await WriteAsync(held.Frame[..^EndLength]).ConfigureAwait(false);
            end.OnWritten();
            if (await end.Decision.ConfigureAwait(false) && held.TryMarkSent())
            {
                _logger.CommandSent(_name, held.Name, held.Id);
                await WriteAsync(held.Frame[^EndLength..]).ConfigureAwait(false);
                return;
            }

            end.IsBeingDropped = true;
            _logger.CommandDropped(_name, held.Name, held.Id);
            await WriteAsync(Drop).ConfigureAwait(false);
            await end.Dropped.ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _held, null);
            end.OnDropped();
        }
    }

    /// <summary>Lets the writer go on when the session has ended.</summary>
    private void EndHeld()
    {
        if (Volatile.Read(ref _held) is not { End: { } end })
            return;
        if (end.TryDecide(commits: false))
            _slots.Release();
        end.OnDropped();
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        // The caller's token is not used here: half a message would break the session for all callers.
        await _stream.WriteAsync(bytes, _closing.Token).ConfigureAwait(false);
        await _stream.FlushAsync(_closing.Token).ConfigureAwait(false);
    }
}

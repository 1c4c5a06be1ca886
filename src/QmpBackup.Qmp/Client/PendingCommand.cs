using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>A command that waits to be sent, was sent, or was given up by its caller.</summary>
internal abstract class PendingCommand(long id, QmpRequest request)
{
    private const int Queued = 0;
    private const int Sent = 1;
    private const int Withdrawn = 2;

    private int _state;
    private volatile bool _abandoned;

    public long Id { get; } = id;

    public string Name { get; } = request.Command;

    public ReadOnlyMemory<byte> Frame { get; } = request.ToFrame(id);

    /// <summary>Whether it takes one of the <see cref="QmpClientOptions.MaxInFlight"/> places.</summary>
    public bool HoldsSlot { get; init; }

    /// <summary>What becomes of its end, which is held back; null for a command that is sent whole.</summary>
    public HeldEnd? End { get; init; }

    /// <summary>When it was given to the writer: a timestamp of the client's clock.</summary>
    public long StartTimestamp { get; set; }

    public bool WasSent => Volatile.Read(ref _state) == Sent;

    /// <summary>Whether the caller no longer waits. A late answer is dropped.</summary>
    public bool IsAbandoned => _abandoned;

    /// <summary>Claims the command for the writer. From then on it is sent whole, whatever the caller does.</summary>
    public bool TryMarkSent() => Interlocked.CompareExchange(ref _state, Sent, Queued) == Queued;

    /// <summary>Claims the command for the caller. From then on it is never sent.</summary>
    public bool TryWithdraw() => Interlocked.CompareExchange(ref _state, Withdrawn, Queued) == Queued;

    public void Abandon() => _abandoned = true;

    /// <summary>Completes with an answer.</summary>
    /// <param name="payload">The value of <c>return</c>.</param>
    /// <param name="maxDepth">The deepest nesting that is allowed.</param>
    public abstract void Complete(ReadOnlySpan<byte> payload, int maxDepth);

    public abstract void Fail(Exception exception);
}

/// <summary>A pending command and the type of its answer.</summary>
internal sealed class PendingCommand<TResult>(long id, QmpRequest request, JsonTypeInfo<TResult> typeInfo) : PendingCommand(id, request)
{
    private readonly TaskCompletionSource<TResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TResult> Task => _completion.Task;

    public override void Complete(ReadOnlySpan<byte> payload, int maxDepth)
    {
        try
        {
            if (typeof(TResult) != typeof(JsonElement))
                UntrustedJson.ThrowIfNullInArray(payload, maxDepth);
            var reader = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = maxDepth });
            var result = JsonSerializer.Deserialize(ref reader, typeInfo);
            _completion.TrySetResult(result is null ? throw new UnexpectedJsonException("The answer is null.") : result);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Whatever a converter throws, only this answer is at fault. It must not end the session.
            Fail(new QmpProtocolException(
                $"The answer to \"{PeerText.Escape(Name)}\" is not what was expected. {UnexpectedJsonException.Explain(exception)}",
                exception));
        }
    }

    public override void Fail(Exception exception)
    {
        // Observed here: the caller may have stopped waiting, and then nothing else observes it.
        if (_completion.TrySetException(exception))
            _ = _completion.Task.Exception;
    }
}

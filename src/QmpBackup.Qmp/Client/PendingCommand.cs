using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace QmpBackup.Qmp;

/// <summary>A command on its way: in line, sent, or given up by its caller.</summary>
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

    /// <summary>Whether it takes one of the places of commands in flight.</summary>
    public bool HoldsSlot { get; init; }

    /// <summary>When it was given to the writer, by the clock of the client.</summary>
    public long StartTimestamp { get; set; }

    public bool WasSent => Volatile.Read(ref _state) == Sent;

    /// <summary>Whether the caller no longer waits. The answer, when it comes, is dropped.</summary>
    public bool IsAbandoned => _abandoned;

    /// <summary>The writer's claim. From here on it is sent as a whole, whatever happens to the caller.</summary>
    public bool TryMarkSent() => Interlocked.CompareExchange(ref _state, Sent, Queued) == Queued;

    /// <summary>The caller's claim. From here on it is never sent.</summary>
    public bool TryWithdraw() => Interlocked.CompareExchange(ref _state, Withdrawn, Queued) == Queued;

    public void Abandon() => _abandoned = true;

    /// <summary>Completes with an answer.</summary>
    /// <param name="payload">The value of <c>return</c>.</param>
    /// <param name="maxDepth">How deeply it may be nested.</param>
    public abstract void Complete(ReadOnlySpan<byte> payload, int maxDepth);

    public abstract void Fail(Exception exception);
}

/// <summary>A command on its way and how its answer is read.</summary>
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
            // Whatever a converter throws is the fault of this answer alone and must not end the session.
            Fail(new QmpProtocolException(
                $"The answer to \"{PeerText.Escape(Name)}\" is not what was expected. {UnexpectedJsonException.Explain(exception)}", exception));
        }
    }

    public override void Fail(Exception exception)
    {
        // Looked at here, so that it is not reported as unobserved when the caller has just stopped waiting.
        if (_completion.TrySetException(exception))
            _ = _completion.Task.Exception;
    }
}

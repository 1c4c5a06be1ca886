using System.Threading.Tasks.Sources;

namespace QmpBackup.Nbd.Wire;

/// <summary>
/// A slot for one request in flight, used over and over: its own awaitable, its own work item, so that a request allocates nothing.
/// A slot is free again when its waiter has taken the result and the wire owes it nothing more; a waiter that was cancelled leaves
/// the slot in place, so that the late answer has somewhere to go.
/// </summary>
internal sealed class NbdRequest(NbdConnection connection, int index) : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private Exception? _result;
    private Exception? _abandonment;
    private bool _completed;
    private bool _consumed;
    private uint _generation;

    /// <summary>Guards the state below, and the caller's memory while bytes are copied into it.</summary>
    internal Lock Gate { get; } = new();

    internal int Index { get; } = index;

    internal NbdRequest? NextToSend { get; set; }

    internal ulong Cookie { get; private set; }

    internal NbdCommand Command { get; private set; }

    internal NbdCommandFlags Flags { get; private set; }

    internal ulong Offset { get; private set; }

    internal ulong Length { get; private set; }

    internal ReadOnlyMemory<byte> Source { get; private set; }

    internal WireState Wire { get; private set; }

    internal ReadCoverage Coverage { get; } = new();

    // Only the receive loop uses these.
    internal int Chunks { get; set; }

    internal uint ContextsSeen { get; set; }

    internal int ErrorChunks { get; set; }

    internal NbdCommandException? Error { get; set; }

    private Memory<byte> Destination { get; set; }

    private StatusCollector? Collector { get; set; }

    private long Deadline { get; set; }

    internal ValueTask Start(
        NbdCommand command, NbdCommandFlags flags, ulong offset, ulong length, in RequestBuffers buffers, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            _core.Reset();
            _completed = _consumed = false;
            _result = _abandonment = null;
            Cookie = ((ulong)++_generation << 16) | (uint)Index;
            (Command, Flags, Offset, Length) = (command, flags, offset, length);
            (Destination, Source, Collector) = (buffers.Destination, buffers.Source, buffers.Collector);
            Chunks = ErrorChunks = 0;
            ContextsSeen = 0;
            Error = null;
            Coverage.Clear();
            Deadline = connection.Now() + connection.CommandTicks;
            Wire = WireState.Queued;
            if (connection.Cause is { } cause)
            {
                Wire = WireState.Idle;
                Complete(cause.ToException());
                return new ValueTask(this, _core.Version);
            }
        }

        // Not under the lock: a token that is cancelled already calls back at once.
        _registration = cancellationToken.UnsafeRegister(static (state, token) => ((NbdRequest)state!).Cancel(token), this);
        var version = _core.Version;
        connection.Enqueue(this);
        return new ValueTask(this, version);
    }

    /// <summary>The sender takes the request; false if nobody wants it any more.</summary>
    internal bool BeginSend()
    {
        lock (Gate)
        {
            if (Wire != WireState.Queued)
                return false;
            if (_completed)
            {
                WireDone();
                return false;
            }

            Wire = Source.IsEmpty ? WireState.AwaitingReply : WireState.Sending;
            return true;
        }
    }

    /// <summary>The payload has been handed over, or cannot be.</summary>
    internal void EndSend()
    {
        lock (Gate)
        {
            if (Wire is not (WireState.Sending or WireState.AnsweredWhileSending))
                return;
            Source = default;
            var ended = Wire == WireState.AnsweredWhileSending || connection.Cause is not null;
            if (connection.Cause is { } cause && Wire == WireState.Sending)
                Complete(_abandonment ?? cause.ToException());
            else if (Wire == WireState.AnsweredWhileSending)
                Complete(_abandonment ?? Error);
            else if (_abandonment is not null)
                Complete(_abandonment);

            if (ended)
                WireDone();
            else
                Wire = WireState.AwaitingReply;
        }
    }

    /// <summary>The last chunk has come.</summary>
    internal void EndReply()
    {
        lock (Gate)
        {
            if (Wire == WireState.Sending)
            {
                Wire = WireState.AnsweredWhileSending;
                return;
            }

            if (Wire != WireState.AwaitingReply)
                return;
            Complete(Error);
            WireDone();
        }
    }

    /// <summary>The connection is gone.</summary>
    internal void EndClosed(CloseCause cause)
    {
        lock (Gate)
        {
            if (Wire == WireState.Idle)
                return;
            if (Wire is WireState.Sending or WireState.AnsweredWhileSending)
                return; // The sender fails at once and then calls EndSend: until then the payload may be in use.
            Complete(cause.ToException());
            WireDone();
        }
    }

    /// <summary>True if the server owes an answer to this cookie.</summary>
    internal bool Owes(ulong cookie)
    {
        lock (Gate)
            return Cookie == cookie && Wire is WireState.AwaitingReply or WireState.Sending;
    }

    /// <summary>Receives payload into the caller's memory, or into the bin if the caller has it back.</summary>
    internal int Receive(Transport.ReceiveBuffer input, ulong start, int count, byte[] bin)
    {
        lock (Gate)
        {
            return input.TryRead(Destination.IsEmpty ? bin.AsSpan(0, Math.Min(count, bin.Length)) : Destination.Span.Slice((int)start, count));
        }
    }

    internal void FillZero(ulong start, ulong count)
    {
        lock (Gate)
        {
            if (!Destination.IsEmpty)
                Destination.Span.Slice((int)start, (int)count).Clear();
        }
    }

    internal void AddStatus(int context, ulong length, ulong flags)
    {
        // The collector may have gone back to its owner.
        lock (Gate)
            Collector?.Add(context, length, flags);
    }

    /// <summary>Looks at the clock. True if the connection must be closed, for the request holds it up.</summary>
    internal bool CheckDeadline(long now, long patience)
    {
        lock (Gate)
        {
            if (Wire == WireState.Idle || now < Deadline)
                return false;
            if (Wire is WireState.Sending or WireState.AnsweredWhileSending)
                return true;
            if (!_completed)
            {
                Complete(connection.CommandTimedOut(this));
                if (Wire == WireState.Queued)
                    WireDone();
                return false;
            }

            return now >= Deadline + patience;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_result is { } exception)
            _core.SetException(exception);
        else
            _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        // Waits for a cancellation that is under way, which must not meet the next user of the slot.
        _registration.Dispose();
        _registration = default;
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            lock (Gate)
            {
                _consumed = true;
                FreeIfDone();
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Cancel(CancellationToken token)
    {
        lock (Gate)
        {
            if (_completed)
                return;
            var cancelled = new OperationCanceledException(token);
            if (Wire is WireState.Sending or WireState.AnsweredWhileSending)
                _abandonment ??= cancelled; // The message must be finished, and its payload is the caller's memory.
            else
                Complete(cancelled);
        }
    }

    private void Complete(Exception? result)
    {
        if (_completed)
            return;
        _completed = true;
        _result = result;
        Destination = default;
        Collector = null;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private void WireDone()
    {
        Wire = WireState.Idle;
        Source = default;
        FreeIfDone();
    }

    private void FreeIfDone()
    {
        if (_completed && _consumed && Wire == WireState.Idle)
        {
            _consumed = false;
            connection.Free(this);
        }
    }
}

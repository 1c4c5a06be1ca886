using System.Threading.Tasks.Sources;
using QmpBackup.Nbd.Transport;

namespace QmpBackup.Nbd.Transmission;

/// <summary>
/// A reusable slot for one request in flight. It is its own awaitable and its own work item, so that a request allocates nothing.
/// A slot is free again when its caller has taken the result and no message of the request is outstanding. If the caller cancelled, the
/// slot stays in use until the late reply has arrived.
/// </summary>
internal sealed partial class NbdRequest(NbdConnection connection, int index) : IValueTaskSource, IThreadPoolWorkItem
{
    private uint _generation;

    /// <summary>Guards the state below, and the caller's memory while bytes are copied into it.</summary>
    internal Lock Gate { get; } = new();

    internal int Index { get; } = index;

    internal NbdRequest? NextToSend { get; set; }

    internal ulong Cookie { get; private set; }

    internal NbdCommand Command { get; private set; }

    internal NbdCommandFlags Flags { get; private set; }

    internal long Offset { get; private set; }

    internal long Length { get; private set; }

    internal ReadOnlyMemory<byte> Source { get; private set; }

    internal RequestState State { get; private set; }

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
        NbdCommand command, NbdCommandFlags flags, long offset, long length, in RequestBuffers buffers, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            ResetResult();
            Cookie = ((ulong)++_generation << 16) | (uint)Index;
            (Command, Flags, Offset, Length) = (command, flags, offset, length);
            (Destination, Source, Collector) = (buffers.Destination, buffers.Source, buffers.Collector);
            Chunks = ErrorChunks = 0;
            ContextsSeen = 0;
            Error = null;
            Coverage.Clear();
            Deadline = connection.Now() + connection.CommandTicks;
            State = RequestState.Queued;
            if (connection.Cause is { } cause)
            {
                State = RequestState.Idle;
                Complete(cause.ToException());
                return new ValueTask(this, Version);
            }
        }

        CancelWith(cancellationToken);
        var version = Version;
        connection.Enqueue(this);
        return new ValueTask(this, version);
    }

    /// <summary>The sender takes the request. Returns false if the caller has left.</summary>
    internal bool BeginSend()
    {
        lock (Gate)
        {
            if (State != RequestState.Queued)
                return false;
            if (_completed)
            {
                EndMessages();
                return false;
            }

            State = Source.IsEmpty ? RequestState.AwaitingReply : RequestState.Sending;
            return true;
        }
    }

    /// <summary>The payload has been sent, or sending has failed.</summary>
    internal void EndSend()
    {
        lock (Gate)
        {
            if (State is not (RequestState.Sending or RequestState.AnsweredWhileSending))
                return;
            Source = default;
            var ended = State == RequestState.AnsweredWhileSending || connection.Cause is not null;
            if (connection.Cause is { } cause && State == RequestState.Sending)
                Complete(_abandonment ?? cause.ToException());
            else if (State == RequestState.AnsweredWhileSending)
                Complete(_abandonment ?? Error);
            else if (_abandonment is not null)
                Complete(_abandonment);

            if (ended)
                EndMessages();
            else
                State = RequestState.AwaitingReply;
        }
    }

    /// <summary>The last chunk of the reply has arrived.</summary>
    internal void EndReply()
    {
        lock (Gate)
        {
            if (State == RequestState.Sending)
            {
                State = RequestState.AnsweredWhileSending;
                return;
            }

            if (State != RequestState.AwaitingReply)
                return;
            Complete(Error);
            EndMessages();
        }
    }

    /// <summary>The connection is closed.</summary>
    internal void EndClosed(CloseCause cause)
    {
        lock (Gate)
        {
            if (State == RequestState.Idle)
                return;
            if (State is RequestState.Sending or RequestState.AnsweredWhileSending)
                return; // The payload may still be in use: the sender fails soon and then calls EndSend.
            Complete(cause.ToException());
            EndMessages();
        }
    }

    /// <summary>True if the server still has to answer the request with this cookie.</summary>
    internal bool Owes(ulong cookie)
    {
        lock (Gate)
            return Cookie == cookie && State is RequestState.AwaitingReply or RequestState.Sending;
    }

    /// <summary>Receives payload into the caller's memory, or into <paramref name="discard"/> if the caller has left.</summary>
    internal int Receive(ReceiveBuffer input, long start, int count, byte[] discard)
    {
        lock (Gate)
        {
            return input.TryRead(
                Destination.IsEmpty ? discard.AsSpan(0, Math.Min(count, discard.Length)) : Destination.Span.Slice((int)start, count));
        }
    }

    internal void FillZero(long start, long count)
    {
        lock (Gate)
        {
            if (!Destination.IsEmpty)
                Destination.Span.Slice((int)start, (int)count).Clear();
        }
    }

    internal void AddStatus(int context, long length, ulong flags)
    {
        // The caller may have left and taken the collector back.
        lock (Gate)
            Collector?.Add(context, length, flags);
    }

    /// <summary>Ends the request if it is late. Returns true if the connection must be closed because the request blocks it.</summary>
    internal bool CheckDeadline(long now, long grace)
    {
        lock (Gate)
        {
            if (State == RequestState.Idle || now < Deadline)
                return false;
            if (State is RequestState.Sending or RequestState.AnsweredWhileSending)
                return true;
            if (!_completed)
            {
                Complete(connection.CommandTimedOut(this));
                if (State == RequestState.Queued)
                    EndMessages();
                return false;
            }

            return now >= Deadline + grace;
        }
    }

    private void EndMessages()
    {
        State = RequestState.Idle;
        Source = default;
        FreeIfDone();
    }
}

/// <summary>The memory that a request reads into, writes from or collects block status in; at most one of them.</summary>
internal readonly record struct RequestBuffers(
    Memory<byte> Destination = default, ReadOnlyMemory<byte> Source = default, StatusCollector? Collector = null);

/// <summary>The state of the messages of a request, whether or not the caller still waits.</summary>
internal enum RequestState
{
    /// <summary>No message is outstanding.</summary>
    Idle,

    /// <summary>The request waits to be sent.</summary>
    Queued,

    /// <summary>The payload is being sent: the caller's memory is in use.</summary>
    Sending,

    /// <summary>The reply has arrived while the payload is still being sent.</summary>
    AnsweredWhileSending,

    /// <summary>The request is sent, and the server has to answer it.</summary>
    AwaitingReply,
}

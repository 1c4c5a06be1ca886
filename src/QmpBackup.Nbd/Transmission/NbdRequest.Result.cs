using System.Threading.Tasks.Sources;

namespace QmpBackup.Nbd.Transmission;

// The caller's side of a request: result, cancellation, and when the slot is free.
internal sealed partial class NbdRequest
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private Exception? _result;
    private Exception? _abandonment;
    private bool _completed;
    private bool _consumed;

    private short Version => _core.Version;

    void IThreadPoolWorkItem.Execute()
    {
        if (_result is { } exception)
            _core.SetException(exception);
        else
            _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token)
    {
        // Waits for a cancellation that is running: it must not reach the next request of this slot.
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

    private void ResetResult()
    {
        _core.Reset();
        _completed = _consumed = false;
        _result = _abandonment = null;
    }

    // Never call it under the lock: a token that is already cancelled calls back at once.
    private void CancelWith(CancellationToken cancellationToken) =>
        _registration = cancellationToken.UnsafeRegister(static (state, token) => ((NbdRequest)state!).Cancel(token), this);

    private void Cancel(CancellationToken token)
    {
        lock (Gate)
        {
            if (_completed)
                return;
            var cancelled = new OperationCanceledException(token);
            if (State is RequestState.Sending or RequestState.AnsweredWhileSending)
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

    private void FreeIfDone()
    {
        if (_completed && _consumed && State == RequestState.Idle)
        {
            _consumed = false;
            connection.Free(this);
        }
    }
}

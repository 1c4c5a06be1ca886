using System.Buffers;

namespace QmpBackup.Qmp;

/// <summary>
/// One connection to an untrusted agent. Waiting for a write or a read can be cancelled; a cancelled read can be continued.
/// </summary>
/// <remarks>
/// The read of the stream itself is never cancelled. It stays pending, and the next caller waits for the same read. So no byte is lost,
/// however the stream handles cancellation. For one user at a time.
/// </remarks>
internal sealed class AgentChannel(Stream stream, int maxMessageSize, int maxDepth) : IDisposable
{
    /// <summary>A byte that never occurs in JSON: it resets the parser of the other side.</summary>
    public const byte Sentinel = 0xff;

    private static readonly SearchValues<byte> WhiteSpace = SearchValues.Create(" \t\r\n"u8);
    private static readonly SearchValues<byte> Blank = SearchValues.Create([(byte)' ', (byte)'\t', (byte)'\r', (byte)'\n', Sentinel]);

    private const int InitialSize = 16 * 1024;
    private const int MinimumRead = 4 * 1024;
    private const int LargeSize = 1024 * 1024;

    private byte[] _buffer = new byte[InitialSize];
    private int _start;
    private int _end;
    private Task<int>? _read;
    private long _allowance;

    /// <summary>Whether a write was given up: it is unknown how much of it arrives.</summary>
    public bool IsWriteStuck { get; private set; }

    /// <summary>Whether the skipped bytes began like the greeting of a QMP monitor.</summary>
    public bool SkippedGreeting { get; private set; }

    /// <summary>How many bytes were skipped since <see cref="Allow"/>.</summary>
    public long Skipped { get; private set; }

    /// <summary>Whether there are bytes that no command asked for.</summary>
    public bool HasUnread => _buffer.AsSpan(_start, _end - _start).ContainsAnyExcept(WhiteSpace);

    /// <summary>Sets how many bytes may be read from now on.</summary>
    public void Allow(long bytes)
    {
        _allowance = bytes;
        Skipped = 0;
        SkippedGreeting = false;
    }

    /// <summary>Starts reading, so that the end of an idle connection is noticed.</summary>
    public void ReadAhead() => _read ??= StartRead();

    /// <summary>Takes bytes that have arrived meanwhile.</summary>
    /// <returns>False when the connection has ended.</returns>
    public bool Look()
    {
        if (_read is not { IsCompleted: true } read)
            return true;
        if (!read.IsCompletedSuccessfully || read.Result == 0)
            return false;
        _end += read.Result;
        _read = null;
        return true;
    }

    /// <summary>Writes a message.</summary>
    /// <exception cref="OperationCanceledException">
    /// The wait was cancelled; <see cref="IsWriteStuck"/> says whether the write had begun.
    /// </exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var write = WriteAllAsync(message);
        try
        {
            await write.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            IsWriteStuck = !write.IsCompletedSuccessfully;
            Forget(write);
            throw;
        }
    }

    /// <summary>Skips everything up to the next sentinel, including it.</summary>
    /// <exception cref="JsonFrameException">More bytes came than allowed.</exception>
    public async Task SkipToSentinelAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var index = _buffer.AsSpan(_start, _end - _start).IndexOf(Sentinel);
            Skip(index < 0 ? _end - _start : index);
            if (index >= 0)
            {
                _start++;
                return;
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the next JSON object. Only white space and sentinels may come before it.</summary>
    /// <exception cref="JsonFrameException">Something else came, or too many bytes.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadMessageAsync(CancellationToken cancellationToken)
    {
        while (!FindStart())
            await FillAsync(cancellationToken).ConfigureAwait(false);

        var scanner = new JsonFrameScanner(maxDepth);
        var length = 0;
        while (true)
        {
            ReadOnlyMemory<byte> piece = _buffer.AsMemory(_start + length, _end - _start - length);
            var sentinel = piece.Span.IndexOf(Sentinel);
            var complete = scanner.Scan(sentinel < 0 ? piece.Span : piece.Span[..sentinel], out var consumed);
            length += consumed;
            if (length > maxMessageSize)
                throw new JsonFrameException(JsonFrameFault.TooLarge, $"An answer is larger than {maxMessageSize} bytes.");
            if (complete)
            {
                JsonUnicode.Mend(_buffer.AsSpan(_start, length));
                ReadOnlyMemory<byte> message = _buffer.AsMemory(_start, length);
                _start += length;
                return message;
            }

            if (sentinel >= 0)
            {
                _start += length;
                throw new JsonFrameException(JsonFrameFault.NotAnObject, "An answer is incomplete.");
            }

            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The stream is not used any more.
        }

        if (_read is { } read)
            Forget(read);
    }

    /// <summary>Observes the exception of a task that has no other observer.</summary>
    private static void Forget(Task task) =>
        _ = task.ContinueWith(
            static ended => _ = ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private async Task WriteAllAsync(ReadOnlyMemory<byte> message)
    {
        await stream.WriteAsync(message, CancellationToken.None).ConfigureAwait(false);
        await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private bool FindStart()
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        var first = rest.IndexOfAnyExcept(Blank);
        if (first < 0)
        {
            _start = _end;
            return false;
        }

        _start += first;
        if (rest[first] != (byte)'{')
            throw new JsonFrameException(JsonFrameFault.NotAnObject, $"It begins with \"{PeerText.Preview(rest[first..], 16)}\".");
        return true;
    }

    private void Skip(int count)
    {
        if (Skipped == 0 && count > 0)
            SkippedGreeting = _buffer.AsSpan(_start, count).StartsWith("{\"QMP\""u8);
        Skipped += count;
        _start += count;
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var read = _read ??= StartRead();
        var count = await read.WaitAsync(cancellationToken).ConfigureAwait(false);
        _read = null;
        if (count == 0)
            throw new EndOfStreamException("The connection ended.");
        _end += count;
        _allowance -= count;
        if (_allowance < 0)
            throw new JsonFrameException(JsonFrameFault.TooLarge, "It sends more data than allowed.");
    }

    private Task<int> StartRead()
    {
        MakeRoom();
        return stream.ReadAsync(_buffer.AsMemory(_end), CancellationToken.None).AsTask();
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
            if (_buffer.Length > LargeSize)
                _buffer = new byte[InitialSize];
        }

        if (_buffer.Length - _end >= MinimumRead)
            return;

        var used = _end - _start;
        var target = used > _buffer.Length / 2 ? new byte[checked(2 * _buffer.Length)] : _buffer;
        _buffer.AsSpan(_start, used).CopyTo(target);
        _buffer = target;
        _start = 0;
        _end = used;
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QmpBackup.Host;

namespace QmpBackup.Transfer;

/// <summary>
/// Keeps little of a file that is written from front to back in the page cache: what was written begins its way to the disk at once, and is
/// dropped from the cache when it is there. So the flush at the end is short, and the host keeps its cache for others.
/// </summary>
/// <param name="file">The file.</param>
/// <param name="name">Its name, for messages.</param>
/// <param name="from">Where the writing begins, in bytes.</param>
internal sealed class WriteBehind(SafeFileHandle file, string name, long from)
{
    private const long Step = 16 << 20;

    // How much may be written and not yet on the disk while more is written, in bytes.
    private const long Backlog = 4 * Step;
    private const uint WaitBefore = 1;
    private const uint Write = 2;
    private const uint WaitAfter = 4;
    private const int NotNeeded = 4;

    private long _begun = from;
    private long _settled = from;
    private Task _settling = Task.CompletedTask;
    private IOException? _failure;

    /// <summary>Tells how far the file was written. What is a little before that may still be on its way into the cache.</summary>
    /// <param name="end">The end of what was written, in bytes.</param>
    public void Advance(long end)
    {
        // Behind a large hole there is little to do.
        if (end - _begun > 16 * Backlog)
            _begun = _settled = end - Step;
        // One step stays behind, for writes that are not complete.
        for (; _begun + (2 * Step) <= end; _begun += Step)
            SafeFile.BeginWriteback(file, _begun, Step);
    }

    /// <summary>Waits if too much is written and not yet on the disk.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The disk did not take something.</exception>
    public ValueTask PaceAsync(CancellationToken cancellationToken)
    {
        RequireSound();
        return _begun - _settled < Backlog ? ValueTask.CompletedTask
            : _settling.IsCompleted ? BeginToSettle() : new ValueTask(_settling.WaitAsync(cancellationToken));
    }

    /// <summary>Puts all of the file on stable storage.</summary>
    /// <param name="isLast">Whether it is to be dropped from the cache.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The disk did not take something.</exception>
    public async Task FlushAsync(bool isLast, CancellationToken cancellationToken)
    {
        await Task.Run(() => SafeFile.Flush(file, name), CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
        await _settling.WaitAsync(cancellationToken).ConfigureAwait(false);
        RequireSound();
        if (isLast)
            _ = Syscalls.PosixFadvise(file, 0, 0, NotNeeded);
    }

    // The kernel tells a failure only once, so the flush at the end may not know it.
    private void RequireSound()
    {
        if (Volatile.Read(ref _failure) is { } failure)
            throw new IOException(failure.Message, failure.HResult);
    }

    private ValueTask BeginToSettle()
    {
        var offset = _settled;
        _settled += Step;
        _settling = Task.Run(() => Settle(offset));
        return ValueTask.CompletedTask;
    }

    private void Settle(long offset)
    {
        if (Syscalls.SyncFileRange(file, offset, Step, WaitBefore | Write | WaitAfter) != 0
            && Marshal.GetLastPInvokeError() is var error && error is FileFailure.IoError or FileFailure.NoSpace or FileFailure.OverQuota)
        {
            Volatile.Write(ref _failure, FileFailure.Of(error, name));
            return;
        }

        _ = Syscalls.PosixFadvise(file, offset, Step, NotNeeded);
    }
}

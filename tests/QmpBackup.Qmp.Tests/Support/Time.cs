using Microsoft.Extensions.Time.Testing;

namespace QmpBackup.Qmp.Tests;

internal static class Time
{
    /// <summary>Advances the clock until a task is done, no matter when the task starts its timers.</summary>
    public static async Task PassUntilDoneAsync(this FakeTimeProvider time, Task task, CancellationToken token)
    {
        while (!task.IsCompleted)
        {
            token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}

using Microsoft.Extensions.Time.Testing;

namespace QmpBackup.Qmp.Tests;

internal static class Time
{
    /// <summary>Lets time pass until a task is done, whenever it is that the task begins to look at the clock.</summary>
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

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace QmpBackup;

/// <summary>
/// Protects the guest if the process that makes the backup is killed: a small process that owns the connection to the guest agent and takes
/// orders over a pipe. It thaws when the pipe closes, or when no order comes in time: a stopped process does not close its pipe.
/// </summary>
public static class FreezeGuard
{
    internal const string Prepare = "prepare";
    internal const string Freeze = "freeze";
    internal const string Thaw = "thaw";
    internal const string Ok = "ok";
    internal const string Not = "not";
    internal const string Before = "before";
    internal const string Failed = "failed";

    // Between freeze and thaw lies the transaction, which is given 10 seconds.
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private static readonly string Lapsed = $"{Not} {Encode("The guest was thawed before the order to thaw it.")}";

    /// <summary>Serves orders until <paramref name="orders"/> ends, and leaves nothing frozen.</summary>
    /// <param name="orders">The orders, one word a line.</param>
    /// <param name="answers">The answers, one line for each order.</param>
    /// <param name="freezer">Freezes and thaws the guest.</param>
    /// <param name="request">How.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="BackupException">The guest may still be frozen.</exception>
    public static async Task ServeAsync(
        TextReader orders, TextWriter answers, IGuestFreezer freezer, FreezeRequest request, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(orders);
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(freezer);
        // Ctrl-Z stops the whole process group, and a stopped guard cannot thaw.
        using var ignoreStop = OperatingSystem.IsWindows() ? null
            : PosixSignalRegistration.Create(PosixSignal.SIGTSTP, static context => context.Cancel = true);
        await using (freezer.ConfigureAwait(false))
        {
            var isFrozen = false;
            while (true)
            {
                // The console's reader blocks its caller, also in its asynchronous methods.
                var next = Task.Run(() => orders.ReadLineAsync());
                var hasLapsed = isFrozen && await HasLapsedAsync(next, freezer, timeProvider ?? TimeProvider.System).ConfigureAwait(false);
                if (await next.ConfigureAwait(false) is not { } order)
                    return;
                var answer = await AnswerAsync(order, freezer, request).ConfigureAwait(false);
                // The guest may have been thawed before the transaction, and this process cannot know: the thaw must not be reported as in
                // time.
                if (hasLapsed && answer.StartsWith(Ok, StringComparison.Ordinal))
                    answer = Lapsed;
                isFrozen = order == Freeze && answer.StartsWith(Ok, StringComparison.Ordinal);
                try
                {
                    await answers.WriteLineAsync(answer).ConfigureAwait(false);
                    await answers.FlushAsync().ConfigureAwait(false);
                }
                catch (IOException)
                {
                    // The reader is gone: the pipe of orders is closed too, or will be.
                    return;
                }
            }
        }
    }

    // Text of the guest is encoded, so that it cannot end the line.
    internal static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    internal static string Decode(string text) => Encoding.UTF8.GetString(Convert.FromBase64String(text));

    // Waits for an order as long as a guest may stay frozen, then thaws it.
    private static async Task<bool> HasLapsedAsync(Task next, IGuestFreezer freezer, TimeProvider time)
    {
        for (var hasLapsed = false; ; hasLapsed = true)
        {
            // Unlike WaitAsync, this continues in the thread that has read the order, which saves time while the guest is frozen.
            await Task.WhenAny(next, Task.Delay(Limit, time)).ConfigureAwait(false);
            if (next.IsCompleted)
                return hasLapsed;
            try
            {
                await freezer.ThawAsync().ConfigureAwait(false);
                return true;
            }
            catch (BackupException)
            {
                // The next order gets the error. Until then it is tried again.
            }
        }
    }

    private static async Task<string> AnswerAsync(string order, IGuestFreezer freezer, FreezeRequest request)
    {
        try
        {
            switch (order)
            {
                case Prepare:
                    return await freezer.PrepareAsync(CancellationToken.None).ConfigureAwait(false) is { } obstacle
                        ? $"{Not} {Encode(obstacle)}" : Ok;
                case Freeze:
                    var outcome = await freezer.FreezeAsync(request).ConfigureAwait(false);
                    return outcome.IsFrozen ? string.Create(CultureInfo.InvariantCulture, $"{Ok} {outcome.FileSystems}")
                        : outcome.WasFrozenBefore ? Before
                        : $"{Not} {Encode(outcome.Obstacle ?? "")}";
                case Thaw:
                    var frozen = await freezer.ThawAsync().ConfigureAwait(false);
                    return frozen is { Ticks: var ticks } ? string.Create(CultureInfo.InvariantCulture, $"{Ok} {ticks}") : Lapsed;
                default:
                    return $"{Failed} {Encode($"There is no order '{order}'.")}";
            }
        }
        catch (BackupException e)
        {
            return $"{Failed} {Encode(e.Message)}";
        }
    }
}

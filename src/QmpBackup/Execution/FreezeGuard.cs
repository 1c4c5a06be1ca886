using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace QmpBackup;

/// <summary>
/// The guest's insurance against the death of the process that makes the backup: a small process of its own that owns the connection to the guest agent,
/// does what it is told over a pipe, and thaws when the pipe closes, for whatever reason, or when it is told nothing for long: a process that is alive and
/// stopped closes no pipe.
/// </summary>
public static class FreezeGuard
{
    internal const string Prepare = "prepare";
    internal const string Freeze = "freeze";
    internal const string Thaw = "thaw";
    internal const string Ok = "ok";
    internal const string Not = "not";
    internal const string Failed = "failed";

    // Between freeze and thaw lies the transaction, which is given 10 seconds.
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private static readonly string Lapsed = $"{Not} {Encode("The guest was thawed before that was asked for.")}";

    /// <summary>Does what it is told until <paramref name="orders"/> ends, and leaves nothing frozen.</summary>
    /// <param name="orders">What to do, a word a line.</param>
    /// <param name="answers">What came of it, a line each.</param>
    /// <param name="freezer">What freezes.</param>
    /// <param name="request">How.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    /// <exception cref="BackupException">The guest may still be frozen.</exception>
    public static async Task ServeAsync(TextReader orders, TextWriter answers, IGuestFreezer freezer, FreezeRequest request, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(orders);
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(freezer);
        // Ctrl-Z stops the whole group, and who is stopped thaws nobody.
        using var deaf = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGTSTP, static context => context.Cancel = true);
        await using (freezer.ConfigureAwait(false))
        {
            var isFrozen = false;
            while (true)
            {
                // The console's reader blocks whoever asks it, whatever its methods are called.
                var next = Task.Run(() => orders.ReadLineAsync());
                var hasLapsed = isFrozen && await HasLapsedAsync(next, freezer, timeProvider ?? TimeProvider.System).ConfigureAwait(false);
                if (await next.ConfigureAwait(false) is not { } order)
                    return;
                var answer = await AnswerAsync(order, freezer, request).ConfigureAwait(false);
                // The transaction may have been yet to come when it was thawed, and this process cannot know: what is called frozen must have been.
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
                    // Nobody reads any more: the pipe of orders has closed too, or is about to.
                    return;
                }
            }
        }
    }

    // What the guest says goes over the line in a form that cannot end it.
    internal static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    internal static string Decode(string text) => Encoding.UTF8.GetString(Convert.FromBase64String(text));

    // Waits for an order as long as a guest can stand still, then thaws it.
    private static async Task<bool> HasLapsedAsync(Task next, IGuestFreezer freezer, TimeProvider time)
    {
        for (var hasLapsed = false; ; hasLapsed = true)
        {
            // Unlike a wait with a limit, this goes on in the thread that has read the order: the guest stands still.
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
                // Who asks will be told. As long as nobody does it is tried again.
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
                    return await freezer.PrepareAsync(CancellationToken.None).ConfigureAwait(false) is { } obstacle ? $"{Not} {Encode(obstacle)}" : Ok;
                case Freeze:
                    var outcome = await freezer.FreezeAsync(request).ConfigureAwait(false);
                    return outcome.IsFrozen ? string.Create(CultureInfo.InvariantCulture, $"{Ok} {outcome.FileSystems}") : $"{Not} {Encode(outcome.Obstacle ?? "")}";
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

using System.Globalization;
using System.Text;

namespace QmpBackup.Freezing;

/// <summary>
/// The guest's insurance against the death of the process that makes the backup: a small process of its own that owns the connection to the guest agent,
/// does what it is told over a pipe, and thaws when the pipe closes, for whatever reason.
/// </summary>
public static class FreezeGuard
{
    internal const string Prepare = "prepare";
    internal const string Freeze = "freeze";
    internal const string Thaw = "thaw";
    internal const string Ok = "ok";
    internal const string Not = "not";
    internal const string Failed = "failed";

    /// <summary>Does what it is told until <paramref name="orders"/> ends, and leaves nothing frozen.</summary>
    /// <param name="orders">What to do, a word a line.</param>
    /// <param name="answers">What came of it, a line each.</param>
    /// <param name="freezer">What freezes.</param>
    /// <param name="request">How.</param>
    /// <exception cref="BackupException">The guest may still be frozen.</exception>
    public static async Task ServeAsync(TextReader orders, TextWriter answers, IGuestFreezer freezer, FreezeRequest request)
    {
        ArgumentNullException.ThrowIfNull(orders);
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(freezer);
        await using (freezer.ConfigureAwait(false))
        {
            while (await orders.ReadLineAsync().ConfigureAwait(false) is { } order)
            {
                var answer = await AnswerAsync(order, freezer, request).ConfigureAwait(false);
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
                    return string.Create(CultureInfo.InvariantCulture, $"{Ok} {frozen.Ticks}");
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

using System.Diagnostics;
using System.Globalization;

namespace QmpBackup.Freezing;

/// <summary>Freezes by a process of its own (<see cref="FreezeGuard"/>) that thaws when this one dies, even by kill -9.</summary>
public sealed class GuardedFreezer : IGuestFreezer
{
    // The guard's own limits come first; this one is for a guard that hangs.
    private static readonly TimeSpan Patience = AgentFreezer.ThawBudget + TimeSpan.FromSeconds(30);

    private readonly ProcessStartInfo _guard;
    private readonly Func<Task> _thawWithoutGuard;
    private readonly TimeProvider _time;
    private Process? _process;

    /// <summary>Freezes by a guard.</summary>
    /// <param name="guard">How to start the process that runs <see cref="FreezeGuard.ServeAsync"/> over its standard input and output.</param>
    /// <param name="thawWithoutGuard">Thaws from this process, should the guard die.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public GuardedFreezer(ProcessStartInfo guard, Func<Task> thawWithoutGuard, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(guard);
        ArgumentNullException.ThrowIfNull(thawWithoutGuard);
        guard.RedirectStandardInput = true;
        guard.RedirectStandardOutput = true;
        guard.UseShellExecute = false;
        (_guard, _thawWithoutGuard, _time) = (guard, thawWithoutGuard, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        _process = Process.Start(_guard) ?? throw new InvalidOperationException("The guard process did not start.");
        var answer = await AskAsync(FreezeGuard.Prepare, cancellationToken).ConfigureAwait(false);
        return answer is null ? "The process that guards the guest has died." : answer.Value.Word == FreezeGuard.Ok ? null : FreezeGuard.Decode(answer.Value.Text);
    }

    /// <inheritdoc/>
    public async Task<FreezeOutcome> FreezeAsync(FreezeRequest request)
    {
        var answer = await AskAsync(FreezeGuard.Freeze, CancellationToken.None).ConfigureAwait(false);
        switch (answer)
        {
            case null:
                await _thawWithoutGuard().ConfigureAwait(false);
                return new FreezeOutcome(0, "The process that guards the guest has died.");
            case { Word: FreezeGuard.Ok } frozen:
                return new FreezeOutcome(int.Parse(frozen.Text, CultureInfo.InvariantCulture), null);
            case { Word: FreezeGuard.Not } not:
                return new FreezeOutcome(0, FreezeGuard.Decode(not.Text));
            case { } failed:
                throw NotThawed(failed.Text);
        }
    }

    /// <inheritdoc/>
    public async Task<TimeSpan> ThawAsync()
    {
        if (_process is null) return TimeSpan.Zero;
        var since = _time.GetTimestamp();
        switch (await AskAsync(FreezeGuard.Thaw, CancellationToken.None).ConfigureAwait(false))
        {
            case null:
                await _thawWithoutGuard().ConfigureAwait(false);
                return _time.GetElapsedTime(since);
            case { Word: FreezeGuard.Ok } thawed:
                return TimeSpan.FromTicks(long.Parse(thawed.Text, CultureInfo.InvariantCulture));
            case { } failed:
                throw NotThawed(failed.Text);
        }
    }

    /// <summary>Closes the pipe, upon which the guard thaws what is still frozen, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        _process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Patience, _time);
        try
        {
            await _process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }

        _process.Dispose();
        _process = null;
    }

    // Null: the guard is no more.
    private async Task<(string Word, string Text)?> AskAsync(string order, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await _process!.StandardInput.WriteLineAsync(order.AsMemory(), linked.Token).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(linked.Token).ConfigureAwait(false);
            var line = await _process.StandardOutput.ReadLineAsync(linked.Token).ConfigureAwait(false);
            if (line is null) return null;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            return space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
        }
        catch (IOException)
        {
            return null;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return null;
        }
    }

    private static BackupException NotThawed(string encoded) => new(BackupErrorCode.FreezeFailed, FreezeGuard.Decode(encoded),
        "Thaw it by hand: 'qbackup thaw --agent …', or guest-fsfreeze-thaw on the agent's socket, or fsfreeze -u in the guest.");
}

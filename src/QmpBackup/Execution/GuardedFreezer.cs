using System.Diagnostics;
using System.Globalization;

namespace QmpBackup;

/// <summary>Freezes through a process of its own (<see cref="FreezeGuard"/>) that thaws if this process ends, also by kill -9.</summary>
public sealed class GuardedFreezer : IGuestFreezer
{
    private const string Lost = "The process that guards the guest has ended, or hangs.";

    // The guard has its own, shorter limits. This one is for a guard that hangs.
    private static readonly TimeSpan Patience = AgentFreezer.ThawBudget + TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ToDie = TimeSpan.FromSeconds(5);

    private readonly ProcessStartInfo _guard;
    private readonly Func<Task> _thawWithoutGuard;
    private readonly TimeProvider _time;
    private Process? _process;

    /// <summary>Makes a freezer that starts a guard.</summary>
    /// <param name="guard">
    /// How to start the process that runs <see cref="FreezeGuard.ServeAsync"/> over its standard input and output.
    /// </param>
    /// <param name="thawWithoutGuard">Thaws from this process if the guard dies or hangs. The guard has ended when this is called.</param>
    /// <param name="timeProvider">The clock; null for the system's.</param>
    public GuardedFreezer(ProcessStartInfo guard, Func<Task> thawWithoutGuard, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(guard);
        ArgumentNullException.ThrowIfNull(thawWithoutGuard);
        guard.RedirectStandardInput = true;
        guard.RedirectStandardOutput = true;
        // The guard may outlive this process: a reader of this process's output must not wait for the guard.
        guard.RedirectStandardError = true;
        guard.UseShellExecute = false;
        (_guard, _thawWithoutGuard, _time) = (guard, thawWithoutGuard, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<string?> PrepareAsync(CancellationToken cancellationToken)
    {
        _process = Process.Start(_guard) ?? throw new InvalidOperationException("The guard process did not start.");
        var answer = await AskAsync(FreezeGuard.Prepare, Patience, cancellationToken).ConfigureAwait(false);
        return answer is null ? Lost : answer.Value.Word == FreezeGuard.Ok ? null : FreezeGuard.Decode(answer.Value.Text);
    }

    /// <inheritdoc/>
    public async Task<FreezeOutcome> FreezeAsync(FreezeRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        switch (await AskAsync(FreezeGuard.Freeze, request.Timeout + Patience, CancellationToken.None).ConfigureAwait(false))
        {
            case null:
                await _thawWithoutGuard().ConfigureAwait(false);
                return new FreezeOutcome(0, Lost);
            case { Word: FreezeGuard.Ok } frozen:
                return new FreezeOutcome(int.Parse(frozen.Text, CultureInfo.InvariantCulture), null);
            case { Word: FreezeGuard.Before }:
                return AgentFreezer.FrozenBefore;
            case { Word: FreezeGuard.Not } not:
                return new FreezeOutcome(0, FreezeGuard.Decode(not.Text));
            case { } failed:
                throw NotThawed(failed.Text);
        }
    }

    /// <inheritdoc/>
    public async Task<TimeSpan?> ThawAsync()
    {
        if (_process is null)
            return TimeSpan.Zero;
        switch (await AskAsync(FreezeGuard.Thaw, Patience, CancellationToken.None).ConfigureAwait(false))
        {
            case null:
                // It is not known whether the guard thawed before it ended.
                await _thawWithoutGuard().ConfigureAwait(false);
                return null;
            case { Word: FreezeGuard.Ok } thawed:
                return TimeSpan.FromTicks(long.Parse(thawed.Text, CultureInfo.InvariantCulture));
            case { Word: FreezeGuard.Not }:
                return null;
            case { } failed:
                throw NotThawed(failed.Text);
        }
    }

    /// <summary>Closes the pipe, so that the guard thaws what is still frozen, and waits until the guard ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
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

    // Null: the guard has ended.
    private async Task<(string Word, string Text)?> AskAsync(string order, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await _process!.StandardInput.WriteLineAsync(order.AsMemory(), linked.Token).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(linked.Token).ConfigureAwait(false);
            if (await _process.StandardOutput.ReadLineAsync(linked.Token).ConfigureAwait(false) is { } line)
            {
                var space = line.IndexOf(' ', StringComparison.Ordinal);
                return space < 0 ? (line, "") : (line[..space], line[(space + 1)..]);
            }
        }
        catch (IOException)
        {
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
        }

        // The guard may still hold the agent's only connection, and its late answer would be read as that to the next order.
        _process!.Kill();
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(ToDie, _time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The kernel holds it.
        }

        _process.Dispose();
        _process = null;
        return null;
    }

    private static BackupException NotThawed(string encoded) => new(BackupErrorCode.FreezeFailed, FreezeGuard.Decode(encoded),
        Advice.Of($"Thaw it by hand: {Feature.Thaw}, or guest-fsfreeze-thaw on the agent's socket, or fsfreeze -u in the guest."));
}

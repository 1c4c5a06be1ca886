using Microsoft.Extensions.Logging;

namespace QmpBackup.Execution;

/// <summary>The time in which the guest is frozen.</summary>
internal sealed class FreezeWindow(IGuestFreezer? freezer, TimeProvider time, ILogger logger)
{
    // A guest thaws in less than a second. A slower one may never do it, and the point in time is held by then.
    private static readonly TimeSpan PatienceToThaw = TimeSpan.FromSeconds(10);

    private bool _impossible;
    private FreezeRequest? _request;

    /// <summary>Whether the guest may be frozen now.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>How long the guest was frozen; null if it was not.</summary>
    public TimeSpan? Length { get; private set; }

    /// <summary>Why the guest was not frozen, in a sentence; null where it was, or was not to be.</summary>
    public string? Obstacle { get; private set; }

    /// <summary>What to do about that; null where nothing is known.</summary>
    public Advice? Remedy { get; private set; }

    /// <summary>Why the guest may still be frozen, in a sentence; null where it is not.</summary>
    public Advice? ThawProblem { get; private set; }

    /// <summary>The thaw that goes on after the start; completed where there is none.</summary>
    public Task Thawing { get; private set; } = Task.CompletedTask;

    public async Task PrepareAsync(FreezeRequest request, CancellationToken cancellationToken)
    {
        var obstacle = freezer is null ? "No guest agent was named." : await freezer.PrepareAsync(cancellationToken).ConfigureAwait(false);
        if (obstacle is null)
            return;
        _impossible = true;
        GoOnWithout(request, obstacle);
    }

    public async Task FreezeAsync(FreezeRequest request)
    {
        if (_impossible || freezer is null)
            return;
        // From the request on: the guest may freeze even if the answer is lost or late.
        (IsOpen, _request) = (true, request);
        FreezeOutcome outcome;
        try
        {
            outcome = await freezer.FreezeAsync(request).ConfigureAwait(false);
        }
        catch (BackupException e) when (request.Mode != FreezeMode.Require)
        {
            // It froze too late or not at all, and did not confirm the thaw.
            IsOpen = false;
            LeaveToThaw(freezer.ThawAsync(), e.Message);
            GoOnWithout(request, e.Message);
            return;
        }

        if (outcome.IsFrozen)
            return;
        await freezer.ThawAsync().ConfigureAwait(false);
        IsOpen = false;
        if (outcome.WasFrozenBefore)
            Remedy = Advice.Of($"If nothing else is backing up the guest, {Feature.Thaw} thaws it.");
        GoOnWithout(request, outcome.Obstacle is { Length: > 0 } obstacle ? obstacle : "The agent froze no file system.");
    }

    /// <summary>Thaws, and checks that the guest was frozen all the time.</summary>
    public async Task CloseAsync()
    {
        if (!IsOpen || _request is null || freezer is null)
            return;
        if (_request.Mode == FreezeMode.Require)
        {
            await ThawAsync().ConfigureAwait(false);
        }
        else
        {
            IsOpen = false;
            var thawing = freezer.ThawAsync();
            await ((Task)thawing).WaitAsync(
                PatienceToThaw, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!thawing.IsCompletedSuccessfully)
            {
                // A guest that does not answer must not prevent the backup. The point is that of a frozen guest: nothing else can have
                // thawed it.
                LeaveToThaw(thawing, thawing.Exception?.InnerException is BackupException e ? e.Message : $"The guest agent has not "
                    + $"confirmed the thaw within {PatienceToThaw.TotalSeconds:0} seconds.");
                return;
            }

            Length = await thawing.ConfigureAwait(false);
        }

        if (Length is null)
            GoOnWithout(_request, "It was thawed too early, because this process stood still or the one that guards the guest died.");
    }

    /// <summary>Thaws, whatever else fails.</summary>
    public async Task ThawAsync()
    {
        if (!IsOpen || freezer is null)
            return;
        IsOpen = false;
        Length = await freezer.ThawAsync().ConfigureAwait(false);
    }

    private void LeaveToThaw(Task thawing, string problem)
    {
        Thawing = thawing;
        var what = $"THE GUEST MAY STILL BE FROZEN: {problem.TrimEnd('.')}.";
        ThawProblem = Advice.Of(
            $"{what} Thawing is retried in the background; {Feature.Thaw} or 'fsfreeze -u MOUNTPOINT' in the guest does it by hand.");
        // The advice is for the program to word: the log has only what happened.
        WorkflowLog.NotThawed(logger, what);
    }

    private void GoOnWithout(FreezeRequest request, string obstacle)
    {
        if (request.Mode == FreezeMode.Require)
        {
            throw new BackupException(BackupErrorCode.FreezeFailed,
                $"The guest could not be frozen: {obstacle}{(obstacle.EndsWith('.') || obstacle.EndsWith('?') ? "" : ".")}",
                Advice.Of($"Check that the guest agent runs in the guest and that no other client is connected to its socket, or use "
                    + $"{Feature.Freeze} auto. If it is frozen already, {Feature.Thaw} thaws it."));
        }

        Obstacle = obstacle;
        WorkflowLog.NotFrozen(logger, obstacle);
    }
}

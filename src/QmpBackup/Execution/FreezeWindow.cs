using Microsoft.Extensions.Logging;
using QmpBackup.Freezing;

namespace QmpBackup.Execution;

/// <summary>The time in which the guest stands still: whether it is open, and how long it was.</summary>
internal sealed class FreezeWindow(IGuestFreezer? freezer, ILogger logger)
{
    private bool _impossible;
    private FreezeRequest? _request;

    /// <summary>Whether the guest may be frozen now.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>How long the guest was frozen; null if it was not.</summary>
    public TimeSpan? Length { get; private set; }

    /// <summary>Why the guest was not frozen, in a sentence; null where it was, or was not to be.</summary>
    public string? Obstacle { get; private set; }

    public async Task PrepareAsync(FreezeRequest request, CancellationToken cancellationToken)
    {
        var obstacle = freezer is null ? "No guest agent was named." : await freezer.PrepareAsync(cancellationToken).ConfigureAwait(false);
        if (obstacle is null) return;
        _impossible = true;
        GoOnWithout(request, obstacle);
    }

    public async Task FreezeAsync(FreezeRequest request)
    {
        if (_impossible || freezer is null) return;
        // From the moment of asking: an answer that is lost or late may still freeze.
        (IsOpen, _request) = (true, request);
        var outcome = await freezer.FreezeAsync(request).ConfigureAwait(false);
        if (outcome.IsFrozen) return;
        await freezer.ThawAsync().ConfigureAwait(false);
        IsOpen = false;
        GoOnWithout(request, outcome.Obstacle is { Length: > 0 } obstacle ? obstacle : "The agent froze no file system.");
    }

    /// <summary>Thaws, and judges whether the guest was frozen for all of what lies between.</summary>
    public async Task CloseAsync()
    {
        if (!IsOpen || _request is null) return;
        await ThawAsync().ConfigureAwait(false);
        if (Length is null) GoOnWithout(_request, "It was thawed too early, because this process stood still or the one that guards the guest died.");
    }

    /// <summary>Thaws, whatever comes of the rest.</summary>
    public async Task ThawAsync()
    {
        if (!IsOpen || freezer is null) return;
        IsOpen = false;
        Length = await freezer.ThawAsync().ConfigureAwait(false);
    }

    private void GoOnWithout(FreezeRequest request, string obstacle)
    {
        if (request.Mode == FreezeMode.Require)
        {
            throw new BackupException(BackupErrorCode.FreezeFailed, $"The guest could not be frozen: {obstacle}{(obstacle.EndsWith('.') || obstacle.EndsWith('?') ? "" : ".")}",
                "See that the guest agent runs in the guest and that no other client is connected to its socket, or use --freeze auto.");
        }

        Obstacle = obstacle;
        WorkflowLog.NotFrozen(logger, obstacle);
    }
}

using QmpBackup.Host;
using QmpBackup.Qmp;

namespace QmpBackup.Execution;

/// <summary>Says in a sentence why a step failed.</summary>
internal static class StepFailure
{
    public static Exception Explain(Exception failure, PlanStep? step = null) => failure switch
    {
        BackupException or OperationCanceledException => failure,
        QmpCommandException refused => new BackupException(BackupErrorCode.CommandRefused,
            $"QEMU refused {refused.CommandName}: {refused.Description}", (step as CommandStep)?.RefusalHint, refused),
        GuestAgentException agent => new BackupException(BackupErrorCode.FreezeFailed, agent.Message, "The guest may still be frozen: 'qbackup thaw --agent …' thaws it.", agent),
        QmpTimeoutException late => new BackupException(BackupErrorCode.TimedOut, late.Message, "See whether the VM hangs, or its host is overloaded.", late),
        QmpException lost => new BackupException(BackupErrorCode.BackupFailed, $"The connection to QEMU was lost: {lost.Message}", null, lost),
        IOException or UnauthorizedAccessException => new BackupException(BackupErrorCode.Storage, $"{FileFailure.Explain("A file", failure)}.", null, failure),
        _ => failure,
    };
}

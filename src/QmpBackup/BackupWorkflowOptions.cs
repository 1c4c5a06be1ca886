using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QmpBackup;

/// <summary>How <see cref="BackupWorkflow"/> works.</summary>
public sealed record BackupWorkflowOptions
{
    /// <summary>Where log messages go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Directories in which scratch folders of earlier backups are looked for, besides the default one, those of the VM's images and those
    /// that QEMU tells of. For backups that were opened with another <see cref="StartRequest.ScratchDirectory"/>.
    /// </summary>
    public ImmutableArray<string> ScratchDirectories { get; init; } = [];

    /// <summary>Creates the freezer for a start that freezes the guest; null if there is no guest agent.</summary>
    public Func<IGuestFreezer>? Freezer { get; init; }

    /// <summary>Receives every step before it runs; null for no progress reports.</summary>
    public IProgress<StepProgress>? Progress { get; init; }
}

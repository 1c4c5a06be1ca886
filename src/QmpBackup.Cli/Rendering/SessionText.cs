using System.Globalization;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>Shows an open backup to people.</summary>
internal static class SessionText
{
    /// <summary>After start: what is open, and what to do next.</summary>
    public static void WriteOpened(TextDocument text, BackupSession session)
    {
        text.Write("Backup ").Write(session.Id, Style.Heading)
            .Line($" is open: {Humane.Count(session.Disks.Length, "disk")}, chain {session.Chain?.Value ?? BackupSession.NotRecorded}.");
        WriteDisks(text, session);
        WriteNext(text, session);
    }

    /// <summary>After finish or abort.</summary>
    /// <param name="text">The document.</param>
    /// <param name="action">The command.</param>
    /// <param name="id">The backup that was closed; null if none was open.</param>
    /// <param name="plan">What was done.</param>
    public static void WriteClosed(TextDocument text, string action, string? id, BackupPlan plan)
    {
        if (id is null)
        {
            text.Line(plan.Steps.IsEmpty ? "No backup was open: there was nothing to do." : plan.Summary);
            return;
        }

        text.Write("Backup ").Write(id, Style.Heading).Line(action == "finish"
            ? " is closed: its data is safe, and the next backup can be relative to it."
            : " is rolled back, as if it had never been started: every change since is part of the next backup.");
    }

    /// <summary>In status: what is open, and in which phase.</summary>
    public static void WriteOpen(TextDocument text, BackupSession session)
    {
        text.Write("Backup ").Write(session.Id, Style.Heading).Line(session.Phase switch
        {
            SessionPhase.Starting => " is being opened, or was never completely opened.",
            SessionPhase.Finishing => " is being closed: its data is safe. If this was interrupted, 'qbackup finish' completes it.",
            _ => $" is open since {Humane.Time(session.StartedAt)}.",
        });
        var frozen = session.FrozenMilliseconds is { } milliseconds
            ? string.Create(CultureInfo.InvariantCulture, $", guest frozen for {milliseconds:0.#} ms") : "";
        text.Line($"  chain {session.Chain?.Value ?? BackupSession.NotRecorded}, fleecing {Contract.Word(session.Fleecing)}, NBD "
            + $"{Contract.Address(session)}{frozen}",
            Style.Faint);
        WriteDisks(text, session);
    }

    private static void WriteDisks(TextDocument text, BackupSession session)
    {
        if (session.Disks.IsEmpty)
            return;
        text.Line();
        var table = new TextTable(new("DISK"), new("LEVEL"), new("SIZE", AlignRight: true), new("CHANGED", AlignRight: true),
            new("READ IT AT"));
        foreach (var disk in session.Disks)
        {
            table.Add(disk.Reason, new(disk.Name, Style.Heading), Contract.Word(disk.Level), Humane.Size(disk.Size),
                disk.DirtyBytes is { } dirty ? Humane.Size(dirty) : "-", disk.Uri?.ToString() ?? "");
        }

        table.WriteTo(text);
    }

    private static void WriteNext(TextDocument text, BackupSession session)
    {
        text.Line();
        if (session.Disks.FirstOrDefault(d => d.MetaContext is not null) is { } increment)
        {
            text.Line("List what changed and read it, for example with libnbd:");
            Example(text, $"nbdinfo --map={increment.MetaContext} '{increment.Uri}'");
        }
        else if (session.Disks.FirstOrDefault() is { } full)
        {
            text.Line("Read it with any NBD client, for example libnbd's:");
            Example(text, $"nbdcopy '{full.Uri}' {full.Name}.img");
        }

        text.Line("Then close it:");
        text.Write("  qbackup finish", Style.Command).Line("   the data is safe");
        text.Write("  qbackup abort", Style.Command).Line("    as if it had never been started");
    }

    private static void Example(TextDocument text, string call) => text.Write("  ").Line(call, Style.Command);
}

/// <summary>What <c>status</c> shows to people.</summary>
internal static class StatusText
{
    public static void Write(TextDocument text, VmStatus status)
    {
        if (status.Session is { } session)
            SessionText.WriteOpen(text, session);
        else
            text.Line("No backup is open.");
        if (status.Problem is { } problem)
            text.Line(problem, Style.Bad).Line("Do not use what was read from it. Run 'qbackup abort'.", Style.Bad);
        foreach (var remark in status.Remarks)
            text.Prose(AdviceText.Of(remark), 0, Style.Warning);
        if (status.Interrupted is { } interrupted)
            WriteInterrupted(text, interrupted.Value);
        foreach (var chain in status.Chains)
            WriteChain(text, chain);
        if (status.Chains.IsEmpty)
            text.Line().Line("There is no checkpoint yet: the first backup of each disk is full.");
    }

    /// <summary>What a restart of QEMU during a backup leaves behind, and what to do.</summary>
    public static void WriteInterrupted(TextDocument text, string backup) => text.Prose(
        $"Backup {backup} was interrupted by a restart of QEMU. If its copy was complete, 'qbackup finish' closes it as safe. "
            + "Otherwise the next start, or 'qbackup abort', rolls it back.",
        0, Style.Warning);

    private static void WriteChain(TextDocument text, ChainStatus chain)
    {
        text.Line().Write("Chain ").Line(chain.Name.Value, Style.Heading);
        var table = new TextTable(new("CHECKPOINT"), new("TAKEN"), new("STATE"), new("DISKS"));
        foreach (var checkpoint in chain.Checkpoints)
        {
            table.Add(null, checkpoint.Id.Value, Humane.Time(checkpoint.Id.Time),
                new(Contract.Word(checkpoint.State), StyleOf(checkpoint.State)),
                    string.Join(", ", checkpoint.Disks.Order(StringComparer.Ordinal)));
        }

        table.WriteTo(text);
    }

    private static Style StyleOf(CheckpointState state) => state switch
    {
        CheckpointState.Recording => Style.Good,
        CheckpointState.Inconsistent => Style.Bad,
        _ => Style.None,
    };
}

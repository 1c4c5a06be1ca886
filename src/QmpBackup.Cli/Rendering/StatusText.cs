using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;
using QmpBackup.Naming;
using QmpBackup.Sessions;

namespace QmpBackup.Cli.Rendering;

/// <summary>What <c>status</c> shows to persons.</summary>
internal static class StatusText
{
    public static void Write(TextDocument text, VmStatus status)
    {
        if (status.Session is { } session)
            SessionText.WriteOpen(text, session);
        else
            text.Line("No backup is open.");
        if (status.Problem is { } problem)
            text.Line(problem, Style.Bad).Line("Do not use what was read of it: run 'qbackup abort'.", Style.Bad);
        foreach (var remark in status.Remarks)
            text.Prose(remark, 0, Style.Warning);
        if (status.Interrupted is { } interrupted)
            WriteInterrupted(text, interrupted);
        foreach (var chain in status.Chains)
            WriteChain(text, chain);
        if (status.Chains.IsEmpty)
            text.Line().Line("There is no checkpoint yet: the first backup of each disk is a full one.");
    }

    /// <summary>What a restart of QEMU in the middle of a backup leaves, and what can be done.</summary>
    public static void WriteInterrupted(TextDocument text, string backup) => text.Prose(
        $"Backup {backup} was interrupted by a restart of QEMU. If the copy of it was complete, 'qbackup finish' closes it as safe; else the next start, or 'qbackup abort', rolls it back.",
        0, Style.Warning);

    private static void WriteChain(TextDocument text, ChainStatus chain)
    {
        text.Line().Write("Chain ").Line(chain.Name, Style.Heading);
        var table = new TextTable(new("CHECKPOINT"), new("TAKEN"), new("STATE"), new("DISKS"));
        foreach (var checkpoint in chain.Checkpoints)
        {
            table.Add(null, checkpoint.Id, CheckpointId.TryParse(checkpoint.Id, out var id) ? Humane.Time(id.Time) : "",
                new(Contract.Word(checkpoint.State), StyleOf(checkpoint.State)), string.Join(", ", checkpoint.Disks.Order(StringComparer.Ordinal)));
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

using System.Globalization;
using System.Text.Json;
using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>Shows a plan to people: the purpose of each step, exactly what is sent, and what would undo it.</summary>
internal static class PlanText
{
    private const int Indent = 4;
    private const int LongestString = 120;

    /// <summary>Writes a plan.</summary>
    /// <param name="text">The document.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="inFull">Whether long strings are shown in full.</param>
    public static void Write(TextDocument text, BackupPlan plan, bool inFull)
    {
        text.Prose(plan.Summary, 0, Style.Heading);
        foreach (var remark in plan.Remarks)
            text.Prose("note: " + remark, 6, Style.Warning, firstIndent: 0);
        if (!plan.Disks.IsEmpty)
            WriteDisks(text, plan);
        if (plan.Steps.IsEmpty)
            return;

        text.Line();
        text.Prose(Legend(plan, inFull), 0, Style.Faint);
        for (var i = 0; i < plan.Steps.Length; i++)
            WriteStep(text, plan.Steps[i], i + 1, inFull);
    }

    private static string Legend(BackupPlan plan, bool inFull)
    {
        var legend = $"{Humane.Count(plan.Steps.Length, "step")}. '->' is sent to QEMU, '$' is done on this host, '..' waits.";
        if (plan.Steps.Any(s => Contract.Kind(s) == "agent"))
            legend += " '=>' goes to the guest agent.";
        if (plan.Steps.Any(s => !s.Undo.IsEmpty))
            legend += " If a step fails, the undos of all steps before it run, newest first.";
        if (!inFull)
            legend += " Long strings are cut; -v shows them in full.";
        return legend;
    }

    private static void WriteDisks(TextDocument text, BackupPlan plan)
    {
        text.Line();
        var table = new TextTable(new("DISK"), new("SIZE", AlignRight: true), new("LEVEL"));
        foreach (var choice in plan.Disks)
        {
            table.Add(choice.Reason, new(choice.Disk.Name, Style.Heading), Humane.Size(choice.Disk.Size),
                new(Contract.Word(choice.Level), choice.Level == BackupLevel.Incremental ? Style.Good : Style.None));
        }

        table.WriteTo(text);
    }

    private static void WriteStep(TextDocument text, PlanStep step, int number, bool inFull)
    {
        text.Line();
        if (step.IsCommitPoint)
        {
            text.Line("── THE COMMIT POINT ".PadRight(text.Width, '─'), Style.Warning);
            text.Prose("Until here every step only adds something and is harmless. From here on abort undoes everything exactly.", Indent,
                Style.Faint);
        }

        text.Write(number.ToString(CultureInfo.InvariantCulture).PadLeft(Indent - 2) + ". ", Style.Heading);
        text.Prose(step.Purpose, Indent, Style.Heading, firstIndent: 0);
        WriteAction(text, step, Indent, Style.Command, inFull);
        for (var i = 0; i < step.Undo.Length; i++)
        {
            var label = i == 0 ? "undo: " : "";
            text.Prose(label + step.Undo[i].Purpose, Indent + 6, Style.Faint, firstIndent: Indent + 6 - label.Length);
            WriteAction(text, step.Undo[i], Indent + 6, Style.Faint, inFull);
        }
    }

    private static string Mark(PlanStep step) => Contract.Kind(step) switch
    {
        "wait" => ".. ",
        "agent" => "=> ",
        _ => "$  ",
    };

    private static void WriteAction(TextDocument text, PlanStep step, int indent, Style style, bool inFull)
    {
        if (step is not CommandStep { Request: var request })
        {
            text.Prose(Mark(step) + step.Describe(), indent + 3, style, firstIndent: indent);
            return;
        }

        using var document = JsonDocument.Parse(request.ToJson());
        var lines = JsonLayout.Of(document.RootElement, text.Width - indent - 3, inFull ? null : LongestString);
        text.Write(new string(' ', indent)).Line("-> " + lines[0], style);
        text.Lines(lines.Skip(1), indent + 3, style);
    }
}

using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>What <c>inspect</c> shows to people.</summary>
internal static class InspectText
{
    public static void Write(TextDocument text, InspectDocument document)
    {
        var vm = document.Vm;
        text.Write(vm.Name is { } name ? $"VM {name}" : vm.Uuid is { } uuid ? $"VM {uuid}" : "A VM without a name", Style.Heading);
        text.Line($", QEMU {vm.Version}{(vm.Status is { } status ? $", {status}" : ", no guest (a storage daemon)")}");
        if (document.Session is { } open)
            text.Line($"Backup {open} is open: 'qbackup status' shows it.", Style.Warning);
        if (document.Interrupted is { } interrupted)
            StatusText.WriteInterrupted(text, interrupted);
        if (document.Disks.Count == 0)
            text.Line().Line(document.Remarks.Count == 0 ? "It has no disk." : "It has no disk that QEMU sees.");
        foreach (var remark in document.Remarks)
            text.Line().Prose(remark, 0, Style.Warning);

        foreach (var disk in document.Disks)
        {
            text.Line().Write(disk.Name, Style.Heading)
                .Line($"  {Humane.Size(disk.Size)}, {disk.Format}{(disk.ReadOnly ? ", read-only" : "")}");
            Field(text, "known as", string.Join(", ", Names(disk)));
            if (disk.Level is { } level)
            {
                text.Write("  backup    ").Line(level, level == "incremental" ? Style.Good : Style.Heading);
                text.Prose(disk.Reason, 12);
            }
            else
            {
                text.Write("  backup    ").Line(disk.Included ? "not now" : "left out", disk.Included ? Style.Warning : Style.Faint);
                text.Prose(disk.Reason, 12);
            }

            if (disk.Bitmaps.Count > 0)
            {
                text.Line("  bitmaps");
                BitmapTable.Of(disk.Bitmaps).WriteTo(text, 4);
            }
        }
    }

    private static IEnumerable<string> Names(InspectDiskDto disk)
    {
        yield return $"node {disk.Node}";
        if (disk.Device is { } device)
            yield return $"device {device}";
        if (disk.Drive is { } drive && drive != disk.Device)
            yield return $"drive {drive}";
    }

    private static void Field(TextDocument text, string name, string value) => text.Write($"  {name,-10}").Line(value);
}

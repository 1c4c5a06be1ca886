using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>What <c>inspect</c> shows to people.</summary>
internal static class InspectText
{
    public static void Write(TextDocument text, VmInspection inspection)
    {
        var vm = inspection.Vm;
        text.Write(vm.Name is { } name ? $"VM {name}" : vm.Uuid is { } uuid ? $"VM {uuid}" : "A VM without a name", Style.Heading);
        text.Line($", QEMU {vm.Version}{(vm.RunState is { } running ? $", {running}" : ", no guest (a storage daemon)")}");
        if (inspection.Status.Session is { } open)
            text.Line($"Backup {open.Id} is open: 'qbackup status' shows it.", Style.Warning);
        if (inspection.Status.Interrupted is { } interrupted)
            StatusText.WriteInterrupted(text, interrupted.Value);
        if (inspection.Disks.IsEmpty)
            text.Line().Line(inspection.Remarks.IsEmpty ? "It has no disk." : "It has no disk that QEMU sees.");
        foreach (var remark in inspection.Remarks)
            text.Line().Prose(remark, 0, Style.Warning);

        foreach (var disk in inspection.Disks)
            WriteDisk(text, disk);
    }

    private static void WriteDisk(TextDocument text, DiskInspection inspection)
    {
        var disk = inspection.Disk;
        text.Line().Write(disk.Name, Style.Heading)
            .Line($"  {Humane.Size(disk.Size)}, {disk.Node.Driver}{(disk.IsReadOnly ? ", read-only" : "")}");
        text.Write("  known as  ").Line(string.Join(", ", Names(disk)));
        text.Write("  backup    ");
        if (inspection.Level is { } level)
            text.Line(Contract.Word(level), level == BackupLevel.Incremental ? Style.Good : Style.Heading);
        else if (inspection.IsIncluded)
            text.Line("not now", Style.Warning);
        else
            text.Line("left out", Style.Faint);
        text.Prose(inspection.Reason, 12);

        var bitmaps = disk.Bitmaps.Where(b => b.Name is not null).ToList();
        if (bitmaps.Count > 0)
        {
            text.Line("  bitmaps");
            BitmapText.WriteTable(text, bitmaps, 4);
        }
    }

    private static IEnumerable<string> Names(VmDisk disk)
    {
        yield return $"node {disk.Node.Name}";
        if (disk.Device is { } device)
            yield return $"device {device}";
        if (disk.Drive is { } drive && drive != disk.Device)
            yield return $"drive {drive}";
    }
}

/// <summary>Shows bitmaps to people.</summary>
internal static class BitmapText
{
    public static void WriteList(TextDocument text, IReadOnlyCollection<PlacedBitmap> bitmaps)
    {
        if (bitmaps.Count == 0)
        {
            text.Line("There is no bitmap.");
            return;
        }

        var table = new TextTable(new("DISK"), new("NAME"), new("DIRTY", AlignRight: true), new("GRANULARITY", AlignRight: true),
            new("STATE"));
        foreach (var (place, bitmap) in bitmaps)
            table.Add(null, [place.Disk?.Name ?? $"(node {place.Node.Name})", .. Cells(bitmap!)]);
        table.WriteTo(text, 0);
    }

    public static void WriteChanged(TextDocument text, string name, string done, PlacedBitmap after)
    {
        text.Write($"Bitmap '{name}' on {after.Place.Name} {done}");
        if (after.Bitmap is { } bitmap)
        {
            text.Write($": {State(bitmap)}, {Humane.Size(bitmap.Count)} dirty, granularity {Humane.Size(bitmap.Granularity)}");
        }

        text.Line(".");
    }

    /// <summary>The bitmaps of one disk.</summary>
    public static void WriteTable(TextDocument text, IEnumerable<DirtyBitmap> bitmaps, int indent)
    {
        var table = new TextTable(new("NAME"), new("DIRTY", AlignRight: true), new("GRANULARITY", AlignRight: true), new("STATE"));
        foreach (var bitmap in bitmaps)
            table.Add(null, Cells(bitmap));
        table.WriteTo(text, indent);
    }

    private static TextTable.Cell[] Cells(DirtyBitmap bitmap) =>
    [
        bitmap.Name ?? "",
        bitmap.IsInconsistent ? "-" : Humane.Size(bitmap.Count),
        Humane.Size(bitmap.Granularity),
        new(State(bitmap), bitmap.IsInconsistent ? Style.Bad : bitmap.IsRecording ? Style.Good : Style.None),
    ];

    private static string State(DirtyBitmap bitmap) => string.Join(", ", States(bitmap));

    private static IEnumerable<string> States(DirtyBitmap bitmap)
    {
        if (bitmap.IsInconsistent)
            yield return "inconsistent";
        else
            yield return bitmap.IsRecording ? "recording" : "disabled";
        yield return bitmap.IsPersistent ? "persistent" : "in memory";
        if (bitmap.IsBusy)
            yield return "in use";
    }
}

using QmpBackup.Cli.Json;
using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

/// <summary>Bitmaps as a table.</summary>
internal static class BitmapTable
{
    public static TextTable Of(IEnumerable<BitmapDto> bitmaps)
    {
        var table = new TextTable(new("NAME"), new("DIRTY", AlignRight: true), new("GRANULARITY", AlignRight: true), new("STATE"));
        foreach (var b in bitmaps)
            table.Add(null, b.Name, Dirty(b), Humane.Size(b.Granularity), State(b));
        return table;
    }

    public static TextTable Of(IEnumerable<DiskBitmapDto> bitmaps)
    {
        var table = new TextTable(new("DISK"), new("NAME"), new("DIRTY", AlignRight: true), new("GRANULARITY", AlignRight: true),
            new("STATE"));
        foreach (var d in bitmaps)
        {
            var b = new BitmapDto(d.Name, d.Granularity, d.Count, d.Recording, d.Busy, d.Persistent, d.Inconsistent);
            table.Add(null, d.Disk ?? $"(node {d.Node})", b.Name, Dirty(b), Humane.Size(b.Granularity), State(b));
        }

        return table;
    }

    public static string StateText(BitmapDto bitmap) => string.Join(", ", States(bitmap));

    private static string Dirty(BitmapDto bitmap) => bitmap.Inconsistent ? "-" : Humane.Size(bitmap.Count);

    private static TextTable.Cell State(BitmapDto bitmap) =>
        new(StateText(bitmap), bitmap.Inconsistent ? Style.Bad : bitmap.Recording ? Style.Good : Style.None);

    private static IEnumerable<string> States(BitmapDto bitmap)
    {
        if (bitmap.Inconsistent)
            yield return "inconsistent";
        else
            yield return bitmap.Recording ? "recording" : "disabled";
        yield return bitmap.Persistent ? "persistent" : "in memory";
        if (bitmap.Busy)
            yield return "in use";
    }
}

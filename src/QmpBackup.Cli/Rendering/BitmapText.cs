using QmpBackup.Cli.Terminal;

namespace QmpBackup.Cli.Rendering;

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

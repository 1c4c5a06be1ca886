namespace QmpBackup.Testing;

/// <summary>
/// Reads an increment as an independent reader does: takes from the export only what the bitmap says is dirty, over the
/// image of the parent, so that a bit missing in the bitmap shows as wrong bytes.
/// </summary>
public static class IncrementalReader
{
    /// <summary>The bytes of the new point: the parent's bytes with the dirty extents of the export over them.</summary>
    public static async Task<byte[]> ReadAsync(byte[] parent, string uri, string bitmap, TestDirectory directory)
    {
        var dirty = await NbdTools.DirtyAsync(uri, bitmap);
        var export = await NbdTools.ReadAsync(uri, directory);
        var result = new byte[Math.Max(parent.Length, export.Length)];
        parent.CopyTo(result, 0);
        foreach (var extent in dirty)
        {
            // The granules of a bitmap may reach beyond the end of a disk of an odd size.
            var length = Math.Min(extent.Length, export.Length - extent.Offset);
            Array.Copy(export, extent.Offset, result, extent.Offset, length);
        }

        return result;
    }
}

namespace QmpBackup.Testing;

/// <summary>
/// The reader of an increment that the proposal has in mind: takes from the export only what the bitmap says is dirty, over the
/// image of the parent, so that a bit missing in the bitmap shows as wrong bytes.
/// </summary>
public static class IncrementalReader
{
    /// <summary>The bytes of the new point, made of the parent's and the dirty extents of the export.</summary>
    public static async Task<byte[]> ReadAsync(byte[] parent, string uri, string bitmap, TestDirectory directory)
    {
        var dirty = await NbdTools.DirtyAsync(uri, bitmap);
        var export = await NbdTools.ReadAsync(uri, directory);
        var result = new byte[Math.Max(parent.Length, export.Length)];
        parent.CopyTo(result, 0);
        foreach (var extent in dirty)
        {
            // The granules of a bitmap may reach over the end of an odd disk.
            var length = Math.Min(extent.Length, export.Length - extent.Offset);
            Array.Copy(export, extent.Offset, result, extent.Offset, length);
        }

        return result;
    }
}

namespace QmpBackup.Testing;

/// <summary>The expected bytes of a disk, kept apart from every image.</summary>
public sealed class DiskOracle
{
    private readonly Lock _lock = new();
    private readonly byte[] _bytes;

    /// <summary>A disk of <paramref name="size"/> bytes, shown to the guest in whole sectors of 512 bytes.</summary>
    public DiskOracle(long size, ReadOnlySpan<byte> content = default)
    {
        _bytes = new byte[checked((int)((size + 511) / 512 * 512))];
        content.CopyTo(_bytes);
    }

    /// <summary>Bytes of the disk as the guest sees it.</summary>
    public long Length => _bytes.Length;

    /// <summary>Records a write of one byte value.</summary>
    public void Fill(long offset, long length, byte pattern)
    {
        lock (_lock)
            _bytes.AsSpan(checked((int)offset), checked((int)length)).Fill(pattern);
    }

    /// <summary>The bytes of this moment.</summary>
    public byte[] Snapshot()
    {
        lock (_lock)
            return [.. _bytes];
    }

    /// <summary>Compares with the bytes of this moment; null when equal, else what differs.</summary>
    public string? Compare(byte[] actual) => Compare(Snapshot(), actual);

    /// <summary>
    /// Compares bytes with what they have to be; null when equal, else where the first difference is. A last, incomplete sector
    /// may be missing in <paramref name="actual"/> where zeroes are expected.
    /// </summary>
    public static string? Compare(byte[] expected, byte[] actual)
    {
        var common = Math.Min(expected.Length, actual.Length);
        var first = expected.AsSpan(0, common).CommonPrefixLength(actual.AsSpan(0, common));
        if (first < common)
        {
            var different = 0L;
            for (var i = first; i < common; i++)
            {
                if (expected[i] != actual[i])
                    different++;
            }

            var last = common - 1;
            while (expected[last] == actual[last])
                last--;
            return $"first difference at offset {first} (0x{first:x}, sector {first / 512}, 64 KiB cluster {first / 65536}): expected " +
                   $"0x{expected[first]:x2}, found 0x{actual[first]:x2}; {different} bytes differ, the last at offset {last}";
        }

        if (actual.Length > expected.Length)
            return $"{actual.Length} bytes, expected {expected.Length}";
        var missing = expected.AsSpan(common);
        return missing.Length >= 512 || missing.ContainsAnyExcept((byte)0)
            ? $"{actual.Length} bytes, expected {expected.Length}"
            : null;
    }

    /// <summary>Reads an image with qemu-img alone and compares; null when equal.</summary>
    public static async Task<string?> CompareImageAsync(byte[] expected, string path, string? format = null) =>
        Compare(expected, await DiskImages.ReadAsync(path, format));
}

using System.Globalization;

namespace QmpBackup.Host;

/// <summary>How much may still be written, and what sets the limit.</summary>
/// <param name="Bytes">Bytes.</param>
/// <param name="Limit">What sets it, for a person, such as <c>a btrfs quota group</c>; null for the file system's free space.</param>
internal readonly record struct RoomLeft(long Bytes, string? Limit)
{
    /// <summary>The limit as an addition to a sentence.</summary>
    public string Because => Limit is null ? "" : $" ({Limit})";
}

/// <summary>How much QEMU may still write into a folder of this host. df tells the free space of the file system, and nothing of other limits.</summary>
/// <param name="directory">The folder.</param>
/// <param name="process">QEMU; null where it is not known.</param>
internal sealed class StorageRoom(string directory, VmProcess? process)
{
    private long? _committed;
    private long _grownThen;

    /// <summary>Looks at all that can be seen.</summary>
    /// <param name="growing">QEMU's files there that grow.</param>
    /// <returns>The least; null where the folder is gone.</returns>
    public RoomLeft? Look(IReadOnlyCollection<string> growing)
    {
        long free;
        try
        {
            free = new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (IOException)
        {
            return null;
        }

        var sizes = growing.Select(SizeOf).DefaultIfEmpty().ToList();
        return new[]
        {
            new RoomLeft(free, null),
            new RoomLeft(QuotaGroup(sizes.Sum()) ?? long.MaxValue, "a btrfs quota group"),
            new RoomLeft(process is null ? long.MaxValue : UserQuota.Free(directory, process.UserId, process.GroupId) ?? long.MaxValue, "the quota of QEMU's user"),
            new RoomLeft(growing.Count > 0 && LargestFile() is { } largest ? Math.Max(0, largest - sizes.Max()) : long.MaxValue, "QEMU's limit on file sizes"),
        }.MinBy(r => r.Bytes);
    }

    /// <summary>How large a file of QEMU's may be (<c>RLIMIT_FSIZE</c>), in bytes; null where nothing limits it, or it cannot be seen.</summary>
    public long? LargestFile()
    {
        if (process is null)
            return null;
        try
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process.Pid}/limits")).FirstOrDefault(l => l.StartsWith("Max file size", StringComparison.Ordinal));
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // What a quota group holds is known as of the last commit, up to half a minute ago: what the files have grown since they were first looked at counts as well.
    private long? QuotaGroup(long grown)
    {
        if (BtrfsQuota.Read(directory) is not { } quota)
            return null;
        if (_committed is null)
            (_committed, _grownThen) = (quota.Used, grown);
        return Math.Max(0, quota.Limit - Math.Max(quota.Used, _committed.Value + grown - _grownThen));
    }

    private static long SizeOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}

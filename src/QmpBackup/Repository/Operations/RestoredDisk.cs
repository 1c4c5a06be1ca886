namespace QmpBackup;

/// <summary>What a restore made.</summary>
/// <param name="Point">The point.</param>
/// <param name="Disk">The disk's name.</param>
/// <param name="Target">Where it is: a path or an NBD URI.</param>
/// <param name="Format">The format.</param>
/// <param name="Size">The virtual size, in bytes.</param>
/// <param name="Seconds">The time it took, in seconds.</param>
public sealed record RestoredDisk(string Point, string Disk, string Target, ImageFormat Format, long Size, double Seconds)
{
    /// <summary>How the VM's own image was encrypted when the point was taken, such as <c>luks</c>: what was restored is not. Null where it was not encrypted.</summary>
    public string? SourceEncryption { get; init; }
}
